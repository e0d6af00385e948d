/** What an engine under measurement is asked, and what it tells: a script that takes a `Setup` as its argument and answers lines of JSON. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Random } from "../synthetic/random.ts";

export interface Setup {
  readonly file: string;
  readonly threads: number;
  readonly contextLength: number;
  readonly kernels: "auto" | "plain"; // of this engine
  readonly paired: boolean; // V8's pairing of vectors, for this engine
}

/** A prompt, and steps of one token behind it; all of it anew each time. */
export interface Run {
  readonly promptTokens: number;
  readonly steps: number;
}

export interface Timed {
  readonly promptTokens: number; // some engines take text, and cut it as they like
  readonly firstMs: number; // to the first token
  readonly stepMs: readonly number[]; // of each further one
}

export interface Loaded {
  readonly version: string;
  readonly instructions: string;
  readonly loadMs: number;
}

export interface Ended {
  readonly peakBytes: number | null; // of the process; null where the system does not tell
}

/** Answers until the input ends: first that it is loaded, then a `Timed` for every `Run`, at last what it took. */
export async function serve(
  load: (setup: Setup) => Promise<{ loaded: Loaded; run: (order: Run) => Promise<Timed> }>,
  peak: () => number | null = peakBytes,
): Promise<void> {
  const tell = (line: Loaded | Timed | Ended): void => console.log(JSON.stringify(line));
  const { loaded, run } = await load(JSON.parse(process.argv.at(-1) ?? "") as Setup);
  tell(loaded);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "end") break;
    tell(await run(JSON.parse(line) as Run));
  }
  tell({ peakBytes: peak() });
  process.exit(); // threads of a peer would keep the process
}

/** The same ids for every engine: random ones above the special tokens, so that all experts have work. */
export function promptOf(length: number): number[] {
  const random = new Random(`prompt of ${length}`);
  return Array.from({ length }, () => 1000 + Math.floor(random.next() * 60_000));
}

/** Of a file that is mapped, the pages that were touched count too. */
function peakBytes(): number | null {
  if (process.platform !== "linux") return null;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}
