/** The built server as a process of its own, seen from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export class LoadedServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #lines: EventEmitter; // what it prints

  private constructor(url: string, child: ChildProcess, lines: EventEmitter) {
    this.url = url;
    this.#child = child;
    this.#lines = lines;
  }

  static async start(model: string, flags: readonly string[] = []): Promise<LoadedServer> {
    const ofNode = ["--expose-gc", "--import", new URL("collect.ts", import.meta.url).href];
    const child = spawn(process.execPath, [...ofNode, command, "serve", model, "--port", "0", "--quiet", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      lines.on("line", (line) => {
        const found = /at (http:\S+)$/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on("close", (code) => reject(new Error(`the server ended with ${code} before it said where it is`)));
    });
    return new LoadedServer(url, child, lines);
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

  /** What the heap of its first thread keeps after a collection. V8's own, beside work, leave what died while they ran. */
  async liveBytes(): Promise<number> {
    this.#child.kill("SIGUSR2");
    for (;;) {
      const [line] = (await once(this.#lines, "line")) as [string];
      const bytes = /^live (\d+)$/.exec(line)?.[1];
      if (bytes !== undefined) return Number(bytes);
    }
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
