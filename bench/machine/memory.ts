/**
 * What this machine's memory gives to any program of so many threads. A script of its own, because both need a process without a past.
 *
 *     memory.ts read THREADS read.wasm    bytes per second read by a kernel that only reads: a line for each line of input
 *     memory.ts copy THREADS FILE         ms that copying a file into fresh memory takes: one line
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const PAGE = 65_536;
const BANK = 2 ** 31; // one memory holds no more than 4 GiB
const READ_BYTES = 768 * 2 ** 20; // no cache holds it
const ROUND_MS = 300;

interface Share {
  readonly job: "read" | "copy";
  readonly path: string;
  readonly memories: readonly WebAssembly.Memory[];
  readonly from: number;
  readonly to: number;
}

if (isMainThread) await lead();
else follow(workerData as Share);

async function lead(): Promise<void> {
  const [job, count, path] = process.argv.slice(2) as ["read" | "copy", string, string];
  const threads = Number(count);
  const bytes = job === "read" ? READ_BYTES : statSync(path).size;
  const start = performance.now();
  const memories = Array.from({ length: Math.ceil(bytes / BANK) }, (_, i) => {
    const pages = Math.ceil(Math.min(bytes - i * BANK, BANK) / PAGE);
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  });
  const share = Math.ceil(bytes / threads / PAGE) * PAGE;
  const workers = Array.from({ length: threads }, (_, i) => {
    const data: Share = { job, path, memories, from: i * share, to: Math.min(bytes, (i + 1) * share) };
    return new Worker(new URL(import.meta.url), { workerData: data });
  });
  const answers = (): Promise<number[]> =>
    Promise.all(workers.map((worker) => new Promise<number>((resolve) => worker.once("message", (value) => resolve(value as number)))));
  await answers(); // copied, or ready to read
  if (job === "copy") console.log(performance.now() - start);
  else {
    for await (const _ of createInterface({ input: process.stdin })) {
      const told = answers();
      for (const worker of workers) worker.postMessage("go");
      console.log((await told).reduce((sum, rate) => sum + rate, 0));
    }
  }
  process.exit();
}

function follow({ job, path, memories, from, to }: Share): void {
  const port = parentPort!;
  if (job === "copy") copy(path, memories, from, to);
  else {
    const [memory] = memories;
    new Uint8Array(memory!.buffer, from, to - from).fill(1); // pages that were never written are all one page
    const module = new WebAssembly.Module(readFileSync(path));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory! } });
    const read = exports["read"] as (y: number, x: number, bytes: number) => void;
    read(from, from, to - from); // compiled well from here on
    port.on("message", () => {
      const start = performance.now();
      let bytes = 0;
      while (performance.now() - start < ROUND_MS) {
        read(from, from, to - from);
        bytes += to - from;
      }
      port.postMessage((1000 * bytes) / (performance.now() - start));
    });
  }
  port.postMessage(0);
}

function copy(path: string, memories: readonly WebAssembly.Memory[], from: number, to: number): void {
  const file = openSync(path, "r");
  for (let at = from; at < to; ) {
    const memory = memories[Math.floor(at / BANK)]!;
    const n = Math.min(to - at, BANK - (at % BANK), 16 * 2 ** 20);
    const read = readSync(file, new Uint8Array(memory.buffer, at % BANK, n), 0, n, at);
    if (read === 0) throw new Error(`${path} ended at ${at}, expected ${to}`);
    at += read;
  }
  closeSync(file);
}
