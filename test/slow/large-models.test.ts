/** Files of real sizes. `npm run test:slow` prints what they take; they stay in bench/models for the next time. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { FileType } from "../../bench/synthetic/layout.ts";
import type { Round } from "./answer-again.ts";
import { syntheticFile } from "./synthetic-file.ts";
import type { SyntheticFile } from "./synthetic-file.ts";

const run = promisify(execFile);
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const command = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [pathOf("../../dist/cli/main.js"), ...args])).stdout;

interface Size {
  readonly model: string;
  readonly type: FileType;
  readonly to?: { layers?: number; experts?: number };
  readonly times: number;
  readonly config: object;
  readonly vocabulary: number;
}

const sizes: readonly Size[] = [
  // 4.4 GiB: more than one bank holds.
  { model: "8b-a1b", type: "Q4_0", times: 5, config: { nExperts: 32, hiddenSize: 2048 }, vocabulary: 65_536 },
  // A vocabulary of 128 000, and K types.
  { model: "2.5-8b-a1b", type: "Q4_K_M", to: { experts: 16 }, times: 3, config: { nExperts: 16, ropeTheta: 5e6 }, vocabulary: 128_000 },
  {
    model: "24b-a2b",
    type: "Q4_0",
    to: { experts: 8 },
    times: 2,
    config: { nExperts: 8, expertFeedForwardSize: 1536 },
    vocabulary: 65_536,
  },
];

describe.each(sizes)("$model $type", ({ model, type, to, times, config, vocabulary }) => {
  let file: SyntheticFile;
  beforeAll(() => {
    file = syntheticFile(model, type, to);
  });

  it(`loads, answers and closes ${times} times in less than 1.35 × its file`, async () => {
    const { stdout } = await run(process.execPath, ["--conditions=source", pathOf("answer-again.ts"), file.path, String(times)]);
    const rounds = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Round);
    for (const [i, { loadSeconds, answerSeconds, peakBytes }] of rounds.entries()) {
      const share = (peakBytes / file.bytes).toFixed(3);
      console.log(
        `${model} ${type}, ${i + 1}: load ${loadSeconds.toFixed(1)} s, answer ${answerSeconds.toFixed(1)} s, peak ${share} × ${file.bytes} bytes`,
      );
    }
    expect(rounds).toHaveLength(times);
    expect(new Set(rounds.map(({ text }) => text)).size).toBe(1);
    expect(rounds[0]?.text).not.toBe("");
    expect(Math.max(...rounds.map(({ peakBytes }) => peakBytes)) / file.bytes).toBeLessThan(1.35);
  });

  it("can be inspected", async () => {
    const told = JSON.parse(await command("inspect", file.path, "--json")) as { bytes: number; config: object; warnings: string[] };
    expect(told.bytes).toBe(file.bytes);
    expect(told.config).toMatchObject({ ...config, fileType: type, vocabularySize: vocabulary });
    expect(told.warnings).toEqual([]);
  });

  it("can be evaluated", async () => {
    const { argmax, nll, nllMean } = JSON.parse(await command("eval", file.path, "--ids", "1,600,700,800", "--json")) as {
      argmax: number[];
      nll: number[];
      nllMean: number;
    };
    expect(argmax).toHaveLength(4);
    expect(nll).toHaveLength(3);
    // Random weights know nothing: about as good as a guess.
    expect(nllMean).toBeGreaterThan(0.8 * Math.log(vocabulary));
    expect(nllMean).toBeLessThan(1.5 * Math.log(vocabulary));
  });

  it("can be run", async () => {
    const text = await command("run", file.path, "-p", "Name three rivers.", "-n", "6", "--temperature", "0", "--quiet");
    expect(text.trim()).not.toBe("");
    expect(await command("run", file.path, "-p", "Name three rivers.", "-n", "6", "--temperature", "0", "--quiet")).toBe(text);
  });
});
