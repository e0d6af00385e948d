/** Counters, gauges and histograms, and Prometheus's text of them. Libraries for it need a runtime's own modules. */

export type Labels = Readonly<Record<string, string | number>>;

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  samples(): Iterable<readonly [suffix: string, labels: Labels, value: number]>;
}

export class Counter implements Metric {
  readonly type = "counter";
  readonly name: string;
  readonly help: string;
  readonly #values = new Map<string, { labels: Labels; value: number }>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(labels: Labels, amount = 1): void {
    const key = JSON.stringify(labels);
    const entry = this.#values.get(key) ?? { labels, value: 0 };
    entry.value += amount;
    this.#values.set(key, entry);
  }

  *samples(): Generator<readonly [string, Labels, number]> {
    for (const { labels, value } of this.#values.values()) yield ["", labels, value];
  }
}

/** Read when it is asked for. */
export class Gauge implements Metric {
  readonly type = "gauge";
  readonly name: string;
  readonly help: string;
  readonly #read: () => Iterable<readonly [Labels, number]>;

  constructor(name: string, help: string, read: () => Iterable<readonly [Labels, number]>) {
    this.name = name;
    this.help = help;
    this.#read = read;
  }

  *samples(): Generator<readonly [string, Labels, number]> {
    for (const [labels, value] of this.#read()) yield ["", labels, value];
  }
}

export class Histogram implements Metric {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[]; // ascending
  readonly #values = new Map<string, { labels: Labels; counts: number[]; sum: number }>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = JSON.stringify(labels);
    const entry = this.#values.get(key) ?? { labels, counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 };
    const at = this.#bounds.findIndex((bound) => value <= bound);
    entry.counts[at < 0 ? this.#bounds.length : at]! += 1;
    entry.sum += value;
    this.#values.set(key, entry);
  }

  *samples(): Generator<readonly [string, Labels, number]> {
    for (const { labels, counts, sum } of this.#values.values()) {
      let below = 0;
      for (const [i, count] of counts.entries()) {
        below += count;
        yield ["_bucket", { ...labels, le: this.#bounds[i] ?? "+Inf" }, below];
      }
      yield ["_sum", labels, sum];
      yield ["_count", labels, below];
    }
  }
}

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function exposition(metrics: Iterable<Metric>): string {
  let text = "";
  for (const metric of metrics) {
    const { name, help, type } = metric;
    text += `# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n# TYPE ${name} ${type}\n`;
    for (const [suffix, labels, value] of metric.samples()) text += `${name}${suffix}${labelText(labels)} ${valueText(value)}\n`;
  }
  return text;
}

function labelText(labels: Labels): string {
  const escaped = Object.entries(labels).map(
    ([name, value]) => `${name}="${String(value).replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`,
  );
  return escaped.length === 0 ? "" : `{${escaped.join(",")}}`;
}

const valueText = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
