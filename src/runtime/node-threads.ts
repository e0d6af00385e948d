/** Threads of node:worker_threads, which Node, Deno and Bun have. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";
import type { Parent, Thread, Threads } from "./threads.ts";

export const threads: Threads = {
  get count() {
    return defaultThreads();
  },
  start(module): Thread {
    // Not this process's own flags, of which some are for its first thread only (--input-type); from sources, the condition that finds them.
    const execArgv = module.pathname.endsWith(".ts") ? ["--conditions=source"] : [];
    const worker = new Worker(module, { execArgv });
    let failure: Error | undefined;
    worker.on("error", (error: Error) => {
      failure = error;
    });
    const ended = new Promise<Error | undefined>((resolve) => {
      worker.once("exit", () => resolve(failure));
    });
    return {
      post: (message) => worker.postMessage(message),
      onMessage: (listener) => worker.on("message", listener),
      onEnd: (listener) => void ended.then(listener),
      hold: (held) => (held ? worker.ref() : worker.unref()),
      stop: async () => {
        await worker.terminate();
      },
    };
  },
};

/** Undefined in a program's first thread. */
export function parent(): Parent | undefined {
  const port = parentPort;
  if (!port) return undefined;
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.on("message", listener),
    leave: () => ("close" in port ? port.close() : globalThis.close()), // Deno's port has none, its threads are web workers
  };
}

/** Processors that this process may use, in whole ones of its cgroup's quota, siblings of one core counted once. */
function defaultThreads(): number {
  const allowed = Math.min(availableParallelism(), quota());
  return Math.max(1, Math.min(allowed, cores() || allowed));
}

function quota(): number {
  const [limit, period] = read("/sys/fs/cgroup/cpu.max").split(" ").map(Number);
  return limit && period ? Math.max(1, Math.floor(limit / period)) : Number.POSITIVE_INFINITY;
}

/** Cores with a processor that this process may run on; 0 where nobody tells. */
function cores(): number {
  const siblings = new Set<string>();
  for (const cpu of expand(/^Cpus_allowed_list:\s*(\S+)/m.exec(read("/proc/self/status"))?.[1] ?? "")) {
    const list = read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
    if (list) siblings.add(list);
  }
  return siblings.size;
}

/** "0-2,5" → 0, 1, 2, 5 */
function expand(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map((text) => Number.parseInt(text, 10));
    return Number.isNaN(first) ? [] : Array.from({ length: Math.min(last - first + 1, 4096) }, (_, i) => first + i);
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
