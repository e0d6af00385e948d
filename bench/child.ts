/** A process that answers lines with lines of JSON. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Longer than anything here takes on a slow machine. */
const ANSWER_MS = 15 * 60_000;

export class Child {
  readonly #name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;
  #errors = "";

  /** @param signal Ends the process, and what waits for it fails with the signal's reason. */
  constructor(name: string, [command, ...args]: readonly [string, ...string[]], signal: AbortSignal) {
    signal.throwIfAborted();
    this.#name = name;
    this.#signal = signal;
    this.#process = spawn(command, args, { stdio: "pipe", detached: true });
    this.#process.on("error", (error) => {
      this.#errors += `${error.message}\n`;
    });
    this.#process.stdin.on("error", () => undefined); // it ended: the answer that does not come says so
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-10_000);
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    signal.addEventListener("abort", this.#kill);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The next answer: to a question, or one that comes by itself. */
  async answer<T>(question?: string): Promise<T> {
    if (question !== undefined) this.#process.stdin.write(`${question}\n`);
    const timer = setTimeout(this.#kill, ANSWER_MS);
    try {
      for (;;) {
        const { value, done } = await this.#lines.next();
        this.#signal.throwIfAborted();
        if (done) throw new Error(`${this.#name} ended: ${this.#lastError()}`);
        if (/^[{\d]/.test(value)) return JSON.parse(value) as T;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for its end, which must be a good one. */
  async ended(): Promise<void> {
    this.#process.stdin.end();
    while (!(await this.#lines.next()).done);
    const { exitCode } = this.#process;
    const code = exitCode ?? ((await once(this.#process, "close"))[0] as number | null);
    this.#signal.throwIfAborted();
    if (code !== 0) throw new Error(`${this.#name} ended with ${code}: ${this.#lastError()}`);
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#kill);
    this.#kill();
  }

  /** With what it started itself: a browser, say. */
  readonly #kill = (): void => {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      this.#process.kill("SIGKILL"); // the group is gone, or there are none here
    }
  };

  #lastError(): string {
    const lines = this.#errors.trim().split("\n");
    return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "";
  }
}
