/** What each engine is asked to do, and what it tells. An engine is a script that takes an order as its argument and prints a `Measured`. */
import { readFileSync } from "node:fs";
import { Random } from "../synthetic/random.ts";

export interface Order {
  readonly file: string;
  readonly promptTokens: readonly number[]; // prompts of these lengths
  readonly decodeTokens: number; // steps of one token behind each prompt
  readonly threads: number;
  readonly paired: boolean; // V8's pairing of vectors, for this engine
}

export interface Speed {
  readonly promptTokens: number;
  readonly prefill: number; // tokens per second
  readonly decode: number;
}

export interface Measured {
  readonly version: string;
  readonly instructions: string;
  readonly loadSeconds: number;
  readonly peakBytes: number | null; // of the process; null where the system does not tell
  readonly speeds: readonly Speed[];
}

/** The same ids for every engine: random ones above the special tokens, so that all experts have work. */
export function promptOf(length: number): number[] {
  const random = new Random(`prompt of ${length}`);
  return Array.from({ length }, () => 1000 + Math.floor(random.next() * 60_000));
}

/** Runs a prompt once to warm up and once for the clock. `run` gives the milliseconds of prefill and of decodeTokens steps. */
export async function measure(
  order: Order,
  run: (prompt: number[], steps: number) => Promise<[prefill: number, decode: number]>,
): Promise<Speed[]> {
  const speeds: Speed[] = [];
  for (const promptTokens of order.promptTokens) {
    const prompt = promptOf(promptTokens);
    await run(prompt, Math.min(order.decodeTokens, 8));
    const [prefillMs, decodeMs] = await run(prompt, order.decodeTokens);
    speeds.push({ promptTokens, prefill: (1000 * promptTokens) / prefillMs, decode: (1000 * order.decodeTokens) / decodeMs });
  }
  return speeds;
}

/** Of a file that is mapped, the pages that were touched count too. */
export function peakBytes(): number | null {
  if (process.platform !== "linux") return null;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}

export const readOrder = (): Order => JSON.parse(process.argv[2] ?? "") as Order;
export const tell = (measured: Measured): void => console.log(JSON.stringify(measured));
