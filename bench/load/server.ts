/** The built server as a process of its own, seen from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export class LoadedServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #live: ReadonlyMap<string, number>;

  private constructor(url: string, child: ChildProcess, live: ReadonlyMap<string, number>) {
    this.url = url;
    this.#child = child;
    this.#live = live;
  }

  static async start(model: string, flags: readonly string[] = []): Promise<LoadedServer> {
    const child = spawn(process.execPath, ["--trace-gc", command, "serve", model, "--port", "0", "--quiet", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    const live = new Map<string, number>(); // by thread
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        said += piece;
        const lines = said.split("\n");
        said = lines.pop() ?? "";
        for (const line of lines) {
          const url = /at (http:\S+)$/.exec(line)?.[1];
          if (url !== undefined) resolve(url);
          // "[1:0x2a] 900 ms: Mark-Compact 45.3 (70.1) -> 21.0 (62.3) MB, …"
          const [, thread, megabytes] = /^\[\d+:(0x[0-9a-f]+)\].*Mark-Compact.* -> ([\d.]+) \(/.exec(line) ?? [];
          if (thread !== undefined) live.set(thread, Number(megabytes) * 2 ** 20);
        }
      });
      child.on("close", (code) => reject(new Error(`the server ended with ${code} before it said where it is`)));
    });
    return new LoadedServer(url, child, live);
  }

  /** One figure of GET /metrics, of all labels together. */
  async metrics(): Promise<(name: string) => number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return (name) => {
      const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    };
  }

  /** Of the process, where the system tells. */
  residentBytes(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1]) * 1024;
  }

  /** Of the heaps of all its threads, what was in use after the last collection of each. */
  liveBytes(): number {
    let sum = 0;
    for (const bytes of this.#live.values()) sum += bytes;
    return sum;
  }

  /** Its exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "close");
    }
    return this.#child.exitCode;
  }
}
