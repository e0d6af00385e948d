/** What is measured of each engine: the columns of the table. */
import { NATIVE } from "./engines.ts";
import type { Run, Timed } from "./engines/serve.ts";

export interface Cell {
  readonly name: string;
  readonly run: Run;
}

export type Size = "quick" | "default" | "full";

const GROUP = 8; // steps of one short run of decode
/** A prompt that is run once an engine's turn; the steps behind it give several short runs. */
export const LONG = 1024;

const prefill = (tokens: number): Cell => ({
  name: `prefill ${tokens}`,
  run: { promptTokens: tokens, steps: 0 },
});
const decode = (position: number, steps = 3 * GROUP): Cell => ({
  name: `decode @${position}`,
  run: { promptTokens: Math.max(1, position), steps },
});

export function cellsOf(size: Size, small: boolean): readonly Cell[] {
  if (small) return [prefill(32), decode(0, GROUP)];
  if (size === "quick") return [prefill(128), decode(0)];
  const cells = [prefill(32), prefill(128), prefill(512), decode(0), decode(LONG, 5 * GROUP)];
  return size === "full" ? [...cells, prefill(2048), decode(8 * LONG - 64, 5 * GROUP)] : cells;
}

/**
 * The two that everything is compared to get all of it, the others two columns; unpaired a third one too, which has a bar, where it does not
 * take long (`quick`): so much for a quarter of an hour.
 */
export function cellsFor(engine: string, cells: readonly Cell[], size: Size, quick: boolean): readonly Cell[] {
  if (engine === "paired" || engine.startsWith(NATIVE) || size === "full") return cells;
  const wanted = ["prefill 128", "decode @0", ...(engine === "unpaired" && quick ? ["prefill 512"] : [])];
  const some = cells.filter(({ name }) => wanted.includes(name));
  return some.length > 1 ? some : cells;
}

/**
 * Tokens per second: of the prompt, or of each short run of decode, whose steps are judged by their median: where others use the machine too, a
 * step during which a thread was taken away says nothing of the engine, and engines whose threads wait for each other by spinning lose most by it.
 */
export function speeds({ promptTokens, firstMs, stepMs }: Timed): number[] {
  if (stepMs.length === 0) return [(1000 * promptTokens) / firstMs];
  return Array.from({ length: Math.floor(stepMs.length / GROUP) }, (_, i) => 1000 / median(stepMs.slice(i * GROUP, (i + 1) * GROUP)));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
