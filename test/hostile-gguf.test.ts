import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "./hostile-child.ts";
import { fileBytes, hostileHeaders, hostileTemplates, largeHeaders, writeHostile } from "./hostile-files.ts";
import type { HostileFile } from "./hostile-files.ts";

const MiB = 2 ** 20;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lfm-edge-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that has loaded nothing yet. */
class Loader {
  readonly #child: ChildProcess;
  #baseline = 0;

  private constructor() {
    const script = fileURLToPath(new URL("hostile-child.ts", import.meta.url));
    this.#child = fork(script, { execArgv: ["--conditions=source", "--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  static async start(): Promise<Loader> {
    const loader = new Loader();
    loader.#baseline = (await loader.#next()).peakBytes;
    return loader;
  }

  async #next(): Promise<Outcome> {
    const ended = new AbortController();
    const onExit = (code: number | null, signal: string | null): void => ended.abort(new Error(`the process ended: ${signal ?? code}`));
    this.#child.once("exit", onExit);
    const [outcome] = await once(this.#child, "message", { signal: ended.signal });
    this.#child.off("exit", onExit);
    return outcome as Outcome;
  }

  /** What is wrong with how the file was taken. */
  async problems(file: HostileFile): Promise<string[]> {
    this.#child.send(writeHostile(file, folder));
    const outcome = await this.#next();
    for (const name of file.parts.keys()) rmSync(join(folder, name));
    const overBytes = outcome.peakBytes - this.#baseline - 4 * fileBytes(file);
    return problemsOf(file, outcome, overBytes).map((problem) => `${file.what}: ${problem}`);
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

function problemsOf({ refusal, sound }: HostileFile, { error, message, finite, seconds }: Outcome, overBytes: number): string[] {
  const problems: string[] = [];
  if (seconds > 1) problems.push(`took ${seconds.toFixed(1)} s`);
  if (overBytes > 64 * MiB) problems.push(`took ${(overBytes / MiB).toFixed(0)} MiB more than 4 × its size`);
  if (error === undefined) {
    if (refusal) problems.push("was accepted");
    if (sound && !finite) problems.push("computes no numbers");
    return problems;
  }
  if (error !== "WeightsError" && error !== "UnsupportedError") problems.push(`gave a ${error}: ${message}`);
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(message)) problems.push(`message has control characters: ${JSON.stringify(message)}`);
  if (message.length >= 400) problems.push(`message is long: ${message}`);
  if (!/hostile[-\d of]*\.gguf/.test(message)) problems.push(`message names no file: ${message}`);
  if (refusal && !refusal.test(message)) problems.push(`message is not ${String(refusal)}: ${message}`);
  return problems;
}

describe.skipIf(process.platform !== "linux")("a model or one clear line, each within a second, in little memory", () => {
  const inTurn = async (all: Iterable<HostileFile>): Promise<number> => {
    const loader = await Loader.start();
    const problems: string[] = [];
    let files = 0;
    for (const file of all) {
      files++;
      problems.push(...(await loader.problems(file)));
    }
    await loader.stop();
    expect(problems).toEqual([]);
    return files;
  };

  it("of mutated, truncated and invented headers", async () => {
    expect(await inTurn(hostileHeaders())).toBeGreaterThan(1000);
  }, 120_000);

  it("of chat templates", async () => {
    expect(await inTurn(hostileTemplates())).toBeGreaterThan(30);
  });

  // Each in a process of its own: what one leaves behind would count against the next.
  it.each(largeHeaders().map((file) => [file.what, file] as const))("of %s", async (_, file) => {
    await inTurn([file]);
  });
});
