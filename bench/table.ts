/** What was measured, for people. */
import { median, type Cell } from "./cells.ts";
import type { Result } from "./compare.ts";
import { NATIVE } from "./engines.ts";
import { isDisturbed } from "./machine/others.ts";

export interface Section {
  readonly model: string;
  readonly threads: number;
  readonly fileBytes: number;
  readonly bytesPerToken: number;
  readonly copyMs: number;
  readonly readBytesPerSecond: number[];
  readonly results: Result[];
}

/** One row an engine: tok/s and its ratio to native, decode's share of the bandwidth, seconds, GiB, and
 * the runs during which others used the machine. */
export function tableOf(
  { model, threads, fileBytes, bytesPerToken, copyMs, readBytesPerSecond, results }: Section,
  cells: readonly Cell[],
): string {
  const bandwidth = median(readBytesPerSecond);
  const native = results.find(({ engine }) => engine === NATIVE);
  const header = ["", ...cells.map(({ name }) => name), "GB/s", "1st token", "load", "peak", "disturbed"];
  const rows = results.map(({ engine, speeds, loadMs, firstTokenMs, peakBytes, others }) => {
    const rates = cells.map(({ name }) => {
      const rate = median(speeds[name] ?? []);
      if (Number.isNaN(rate)) return "";
      const its = median(native?.speeds[name] ?? []);
      return `${rate.toFixed(1)}${Number.isNaN(its) ? "" : ` ${(rate / its).toFixed(2)}×`}`;
    });
    const read = median(speeds["decode @0"] ?? []) * bytesPerToken;
    return [
      engine,
      ...rates,
      Number.isNaN(read) ? "" : `${(read / 1e9).toFixed(1)} ${((100 * read) / bandwidth).toFixed(0)}%`,
      seconds(median(firstTokenMs)),
      Number.isNaN(median(loadMs)) ? "" : `${seconds(median(loadMs))} ${(median(loadMs) / copyMs).toFixed(1)}×`,
      Number.isNaN(median(peakBytes)) ? "" : `${(median(peakBytes) / 2 ** 30).toFixed(2)} GiB`,
      others.length === 0 ? "" : `${others.filter((cores) => isDisturbed({ others: cores })).length} of ${others.length}`,
    ];
  });
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]!.length)));
  const line = (row: string[]): string => row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join("  ");
  const about = [
    `${model}, ${(fileBytes / 2 ** 30).toFixed(2)} GiB, ${(bytesPerToken / 1e6).toFixed(0)} MB a token; ${threads} ${threads === 1 ? "thread" : "threads"}`,
    `memory is read at ${(bandwidth / 1e9).toFixed(1)} GB/s (${spread(readBytesPerSecond)}), the file copied in ${seconds(copyMs)}`,
  ].join("; ");
  const notes = results.map(({ engine, version, instructions, problem }) => `  ${engine}: ${problem ?? `${version}, ${instructions}`}`);
  return [about, line(header), ...rows.map(line), ...notes].join("\n");
}

const seconds = (ms: number): string => (Number.isNaN(ms) ? "" : `${(ms / 1000).toFixed(2)} s`);

function spread(rates: readonly number[]): string {
  return rates.length === 0 ? "" : `${(Math.min(...rates) / 1e9).toFixed(1)}–${(Math.max(...rates) / 1e9).toFixed(1)}`;
}
