/** The tiny models with known answers, opened with our own engine. */
import { readFileSync } from "node:fs";
import { createEngine, type EngineOptions, type LfmEngine } from "../src/engine/engine.ts";
import { readGguf } from "../src/gguf/read.ts";
import { openFile } from "../src/runtime/node-file-source.ts";
import { chooseKernels, type Build } from "../src/wasm/builds.ts";
import type { WeightSource } from "../src/types.ts";
import { readModelConfig } from "../src/weights/read-config.ts";

const fixtures = new URL("fixtures/", import.meta.url);

export interface GoldenCase {
  ids: number[];
  argmax: number[];
  argmax_margin: number[];
  nll: number[];
  nll_mean: number | null;
  logits_row: number;
  hidden_last: { rms: number; first8: number[] }[];
  greedy32: number[];
  greedy_margin: number[];
}

export interface GoldenFile {
  name: string; // "tiny-moe Q4_0"
  type: string;
  file: string;
  cases: GoldenCase[];
  logits: (row: number) => Float32Array;
}

export const goldenFiles: GoldenFile[] = ["tiny-moe", "tiny-dense"].flatMap((model) => {
  const golden = JSON.parse(readFileSync(new URL(`${model}.golden.json`, fixtures), "utf8"));
  const bytes = readFileSync(new URL(`${model}.logits.f32`, fixtures));
  const rows = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const vocabulary: number = golden.config.vocab_size;
  const files = golden.files as Record<string, { file: string; cases: GoldenCase[] }>;
  return Object.entries(files).map(([type, { file, cases }]) => ({
    name: `${model} ${type}`,
    type,
    file,
    cases,
    logits: (row: number) => rows.subarray(row * vocabulary, (row + 1) * vocabulary),
  }));
});

export type FixtureOptions = Partial<Omit<EngineOptions, "config" | "tensors" | "source" | "kernels">> & {
  build?: Build;
  /** In place of the file's own. */
  read?: (read: WeightSource["read"]) => WeightSource["read"];
};

export async function openFixture(file: string, { build = "relaxed", read, ...options }: FixtureOptions = {}): Promise<LfmEngine> {
  const source = await openFile(new URL(file, fixtures).href);
  const { config, tensors } = readModelConfig(await readGguf(source));
  return createEngine({
    config,
    tensors,
    source: read ? { ...source, read: read((...given) => source.read(...given)) } : source,
    kernels: await chooseKernels(build),
    contextLength: 512,
    maxSequences: 4,
    kvType: "f16",
    ...options,
  });
}

/** The lowest index of the largest value. */
export function argmax(x: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i;
  return best;
}

/** KL(reference ‖ ours) of two rows of logits, nats, in f64. */
export function divergence(reference: Float32Array, ours: Float32Array): number {
  const logProbabilities = (x: Float32Array): number[] => {
    const max = x.reduce((a, b) => Math.max(a, b));
    const sum = x.reduce((total, v) => total + Math.exp(v - max), 0);
    return Array.from(x, (v) => v - max - Math.log(sum));
  };
  const [p, q] = [logProbabilities(reference), logProbabilities(ours)];
  return p.reduce((total, lp, i) => total + Math.exp(lp) * (lp - q[i]!), 0);
}
