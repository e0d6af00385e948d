/** Loads files as it is told to, in one process of its own: what came of each, and the most memory that the process had meanwhile. */
import { readFileSync, writeFileSync } from "node:fs";
import { load } from "../src/index.ts";

export interface Outcome {
  readonly error?: string; // its class
  readonly message: string;
  readonly finite: boolean; // the logits of a model
  readonly seconds: number; // of processor time
  readonly peakBytes: number;
}

/** Since the last call (proc_pid_status(5), VmHWM; proc(5), clear_refs). */
function peakBytes(): number {
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  writeFileSync("/proc/self/clear_refs", "5");
  return Number(kibibytes) * 1024;
}

async function outcome(path: string): Promise<Outcome> {
  // What earlier files left behind is not this one's. A collection takes longer than most of them.
  if (process.memoryUsage.rss() > collectAbove) globalThis.gc?.();
  const before = process.cpuUsage();
  let failure: unknown;
  let finite = false;
  try {
    const model = await load(path, { threads: 0 }); // threads would bring memory of their own
    const { logits } = await model.evaluate([1, 2]);
    finite = logits.every(Number.isFinite);
    await model.close();
  } catch (error) {
    failure = error;
  }
  const { user, system } = process.cpuUsage(before);
  return {
    ...(failure !== undefined && { error: failure instanceof Error ? failure.name : typeof failure }),
    message: failure instanceof Error ? failure.message : "",
    finite,
    seconds: (user + system) / 1e6,
    peakBytes: peakBytes(),
  };
}

process.on("message", (path: string) => void outcome(path).then((result) => process.send?.(result)));
globalThis.gc?.();
const collectAbove = process.memoryUsage.rss() + 48 * 2 ** 20;
peakBytes();
process.send?.({ message: "", finite: false, seconds: 0, peakBytes: peakBytes() } satisfies Outcome);
