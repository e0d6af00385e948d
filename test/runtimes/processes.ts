/** Processes of a test: started in groups of their own, so that what they start ends with them, and waited for by what they print. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const installed = (name: string): string => join(root, "node_modules", name);
export const node24 = installed(".bin/node");

const START_MS = 60_000;
const STOP_MS = 10_000;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv; // all of it; default: this process's own
  readonly cwd?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string; // stdout and stderr, as they came
}

export class Process {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  output = "";

  constructor({ command, args, env = process.env, cwd = root }: Command) {
    this.#child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env,
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.#ended = once(this.#child, "close").then(([code]) => code as number | null);
    this.#guard(this.#child.pid);
  }

  /** What the pattern's group matched in the output. */
  async printed(pattern: RegExp): Promise<string> {
    const fail = (why: string): never => {
      throw new Error(`${this.#child.spawnargs.join(" ")} ${why}; it printed:\n${this.output}`);
    };
    let running = true;
    void this.#ended.then(() => {
      running = false;
    });
    for (const start = performance.now(); performance.now() - start < START_MS; ) {
      const found = pattern.exec(this.output)?.[1];
      if (found !== undefined) return found;
      if (!running) return fail("ended");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return fail(`did not print ${pattern.source}`);
  }

  async ended(): Promise<Ended> {
    return { code: await this.#ended, output: this.output };
  }

  /** SIGTERM to all of the group; who does not end by it within 10 s is killed, and the code is null. */
  async stop(): Promise<Ended> {
    this.#signal("SIGTERM");
    const late = setTimeout(() => this.#signal("SIGKILL"), STOP_MS);
    const ended = await this.ended();
    clearTimeout(late);
    this.#signal("SIGKILL"); // who outlived the first of the group
    return ended;
  }

  /** Whatever ends this process, its end closes the pipe, and the guard kills the group. */
  #guard(group: number | undefined): void {
    if (group === undefined) return;
    const guard = spawn("sh", ["-c", `read -r _; kill -s KILL -- -${group}`], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    void this.#ended.finally(() => guard.kill("SIGKILL"));
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // the group has ended
    }
  }
}

/** Runs a command to its end. @throws {Error} It failed; with what it printed. */
export async function run(command: Command): Promise<string> {
  const { code, output } = await new Process(command).ended();
  if (code !== 0) throw new Error(`${command.command} ${command.args.join(" ")} ended with ${code}; it printed:\n${output}`);
  return output;
}
