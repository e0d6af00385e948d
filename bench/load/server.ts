/** The built server as a process of its own, seen from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export class LoadedServer {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(model: string, flags: readonly string[] = []): Promise<LoadedServer> {
    const child = spawn(process.execPath, [command, "serve", model, "--port", "0", "--quiet", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        said += piece;
        const found = /at (http:\S+)\n/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on("close", (code) => reject(new Error(`the server ended with ${code} before it said where it is`)));
    });
    return new LoadedServer(url, child);
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

  /** Its exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "close");
    }
    return this.#child.exitCode;
  }
}
