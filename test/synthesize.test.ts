import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fillBlocks } from "../bench/synthetic/blocks.ts";
import { layOut } from "../bench/synthetic/layout.ts";
import type { FileType } from "../bench/synthetic/layout.ts";
import { synthesize, synthesizeBytes } from "../bench/synthetic/model.ts";
import { Random } from "../bench/synthetic/random.ts";
import { reduce, shapes } from "../bench/synthetic/shapes.ts";
import type { ModelShape } from "../bench/synthetic/shapes.ts";
import { synthesizeTokenizer } from "../bench/synthetic/tokenizer.ts";
import { readGguf } from "../src/gguf/read.ts";
import { tensorTypes } from "../src/gguf/tensor-types.ts";
import type { TensorType } from "../src/gguf/types.ts";
import { readVocabulary } from "../src/tokenizer/vocabulary.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { countParameters } from "../src/weights/parameters.ts";
import { readModelConfig } from "../src/weights/read-config.ts";

const shapeOf = (name: string): ModelShape => shapes.get(name) ?? expect.fail(`no shape ${name}`);

const tiny: ModelShape = {
  name: "tiny",
  nLayers: 4,
  attentionLayers: [1, 3],
  hiddenSize: 256,
  nHeads: 4,
  nKvHeads: 2,
  feedForwardSize: 288,
  vocabularySize: 1031,
  ropeTheta: 1e6,
  tokenizer: "lfm2",
  experts: { count: 5, used: 4, feedForwardSize: 96, nDenseLayers: 1 },
};

describe("layout", () => {
  // Bytes of the data sections of the public files (their size less their header), or computed from the published shapes.
  const columns: FileType[] = ["Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16"];
  it.each([
    ["2.5-230m", 146_693_120, 151_018_496, 169_237_504, 188_595_200, 244_210_688, 459_496_448],
    ["350m", 216_923_136, 226_925_568, 257_989_632, 290_995_200, 376_830_976, 709_098_496],
    ["700m", 443_937_792, 466_240_512, 535_643_136, 609_383_424, 789_181_440, 1_485_173_760],
    ["1.2b", 693_365_760, 728_509_440, 840_969_216, 960_457_728, 1_243_868_160, 2_340_940_800],
    ["2.6b", 1_480_716_288, 1_561_276_416, 1_826_566_144, 2_108_436_480, 2_730_618_880, 5_139_066_880],
    ["2.5-2.6b", 1_585_655_808, 1_666_215_936, 1_931_505_664, 2_213_376_000, 2_866_540_544, 5_394_919_424],
    ["8b-a1b", 4_731_500_288, 5_042_386_688, 5_917_161_216, 6_846_609_152, 8_866_035_456, 16_683_169_536],
    ["2.5-8b-a1b", 4_836_439_808, 5_147_326_208, 6_022_100_736, 6_951_548_672, 9_001_957_120, 16_939_022_080],
    ["24b-a2b", 13_465_000_448, 14_413_068_800, 16_916_412_928, 19_576_216_064, 25_349_560_832, 47_697_992_192],
  ])("%s has the sizes of the real files", (name, ...sizes) => {
    expect(columns.map((type) => layOut(shapeOf(name), type).dataBytes)).toEqual(sizes);
  });

  it.each([
    ["8b-a1b", 4_748_277_504],
    ["2.5-8b-a1b", 4_884_199_168],
    ["24b-a2b", 13_156_719_104],
  ])("%s has the size of the real MXFP4_MOE file", (name, size) => {
    expect(layOut(shapeOf(name), "MXFP4_MOE").dataBytes).toBe(size);
  });

  it("counts the parameters that the models are published with", () => {
    const parameters = [...shapes].map(([name, shape]) => {
      const weights = layOut(shape, "F16").tensors.map((t) => t.shape.reduce((product, n) => product * n, 1));
      return [name, weights.reduce((sum, n) => sum + n, 0)];
    });
    expect(Object.fromEntries(parameters)).toEqual({
      "2.5-230m": 229_693_184,
      "350m": 354_483_968,
      "700m": 742_489_344,
      "1.2b": 1_170_340_608,
      "2.6b": 2_569_272_320,
      "2.5-2.6b": 2_697_198_592,
      "8b-a1b": 8_339_930_560,
      "2.5-8b-a1b": 8_467_856_832,
      "24b-a2b": 23_843_661_440,
    });
  });

  it("falls back where rows are no multiple of 256", () => {
    const types = new Map(layOut({ ...tiny, hiddenSize: 320 }, "Q4_K_M").tensors.map((t) => [t.name, t.type]));
    expect(types.get("token_embd.weight")).toBe("Q8_0");
    expect(types.get("blk.0.ffn_gate.weight")).toBe("Q5_0");
  });
});

describe("blocks", () => {
  it.each(Object.keys(tensorTypes) as TensorType[])(
    "%s has the deviation that was asked for, a mean of zero and no subnormal scale",
    (type) => {
      const { blockBytes, blockWeights } = tensorTypes[type];
      const blocks = 65_536 / blockWeights;
      const bytes = new Uint8Array(blockBytes * blocks);
      const std = 1 / Math.sqrt(2048);
      fillBlocks(type, bytes, std, new Random("blocks"));
      const weights = Array.from({ length: blocks }, (_, i) => decodeBlock(type, bytes, i * blockBytes)).flat();
      expect(weights).toHaveLength(65_536);
      const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
      const deviation = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
      // A subnormal scale decodes to NaN. The jitter of the scales widens by 1 %, and 256 blocks of a K type leave 1 % of sampling error;
      // MXFP4 has powers of two only.
      expect(deviation / std).toBeGreaterThan(type === "MXFP4" ? 0.7 : 0.96);
      expect(deviation / std).toBeLessThan(type === "MXFP4" ? 1.6 : 1.06);
      expect(Math.abs(mean)).toBeLessThan(0.07 * std);
    },
  );
});

describe("tokenizer", () => {
  it.each([
    [300, "lfm2"],
    [1031, "lfm2"],
    [65_536, "lfm2"],
    [128_000, "lfm2.5"],
  ] as const)("of %i tokens is whole", (size, kind) => {
    const { tokens, merges, types } = synthesizeTokenizer(size, kind, 1);
    const known = new Set(tokens);
    expect(known.size).toBe(size);
    expect(types).toHaveLength(size);
    expect(new Set(merges).size).toBe(merges.length);
    const broken = merges.filter((merge) => {
      const [left = "", right = "", more] = merge.split(" ");
      return more !== undefined || !known.has(left) || !known.has(right) || !known.has(left + right);
    });
    expect(broken).toEqual([]);
  });

  it("has the special tokens at their ids", () => {
    const small = synthesizeTokenizer(65_536, "lfm2", 1);
    expect([1, 7, 10, 64_400].map((id) => small.tokens[id])).toEqual(["<|startoftext|>", "<|im_end|>", "<|tool_call_start|>", "<think>"]);
    expect([small.bos, small.eos, small.pad, small.types[7], small.types[64_400]]).toEqual([1, 7, 0, 3, 4]);
    const large = synthesizeTokenizer(128_000, "lfm2.5", 1);
    expect([124_894, 124_900, 124_901].map((id) => large.tokens[id])).toEqual(["<|startoftext|>", "<|im_end|>", "<think>"]);
    expect(large.merges).toHaveLength(293_320);
  });
});

describe("a whole file", () => {
  it.each([
    ["a mixture", "Q4_K_M"],
    ["one type", () => "Q5_1" as const],
  ] as const)("of %s is read back", async (_, types) => {
    const bytes = synthesizeBytes(tiny, types, 7);
    const file = await readGguf(memorySource(bytes));
    expect(file.bytes).toBe(bytes.length);
    const { config, tensors, warnings } = readModelConfig(file);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      layers: ["conv", "attention", "conv", "attention"],
      vocabularySize: 1031,
      nExperts: 5,
      expertFeedForwardSize: 96,
    });
    expect(config.fileType).toBe(typeof types === "string" ? types : "Q5_1");
    expect(countParameters(config, tensors).total).toBe(
      [...file.tensors.values()].reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0),
    );
    expect(readVocabulary(file.metadata).tokens).toHaveLength(1031);
  });

  it("depends on shape, types and seed only", () => {
    const digest = (seed: number): string =>
      createHash("sha256")
        .update(synthesizeBytes(tiny, "Q4_0", seed))
        .digest("hex");
    expect(digest(1)).toBe(digest(1));
    expect(digest(1)).not.toBe(digest(2));
  });

  it("is as long as it says, for layers and experts cut off", () => {
    const model = synthesize(reduce(shapeOf("8b-a1b"), { layers: 3, experts: 2 }), "Q4_0");
    let length = 0;
    for (const chunk of model.chunks()) length += chunk.length;
    expect(length).toBe(model.bytes);
    expect(model.tensors.filter((t) => t.shape[2] === 2)).toHaveLength(3);
  });
});

/** The weights of one block, written from ggml-common.h and ggml-quants.c. */
function decodeBlock(type: TensorType, bytes: Uint8Array, at: number): number[] {
  const view = new DataView(bytes.buffer, at);
  const scaleAt = (offset: number): number => {
    const exponent = (view.getUint16(offset, true) >> 10) & 31;
    return exponent === 0 ? Number.NaN : half(view.getUint16(offset, true));
  };
  const nibbles = (offset: number, count: number): number[] => {
    const q = Array.from(new Uint8Array(bytes.buffer, at + offset, count));
    return [...q.map((b) => b & 15), ...q.map((b) => b >> 4)];
  };
  const fifths = (offset: number): number[] => nibbles(offset + 4, 16).map((q, i) => q + 16 * ((view.getUint32(offset, true) >>> i) & 1));
  switch (type) {
    case "F32":
      return [view.getFloat32(0, true)];
    case "F16":
      return [scaleAt(0)];
    case "BF16":
      return [new Float32Array(Uint32Array.of(view.getUint16(0, true) << 16).buffer)[0] ?? Number.NaN];
    case "Q8_0":
      return Array.from(new Int8Array(bytes.buffer, at + 2, 32), (q) => scaleAt(0) * q);
    case "Q4_0":
      return nibbles(2, 16).map((q) => scaleAt(0) * (q - 8));
    case "Q4_1":
      return nibbles(4, 16).map((q) => scaleAt(0) * q + scaleAt(2));
    case "Q5_0":
      return fifths(2).map((q) => scaleAt(0) * (q - 16));
    case "Q5_1":
      return fifths(4).map((q) => scaleAt(0) * q + scaleAt(2));
    case "Q4_K":
    case "Q5_K": {
      const scales = Array.from(new Uint8Array(bytes.buffer, at + 4, 12));
      const s = (i: number): number => scales[i] ?? 0;
      const [d, dmin] = [scaleAt(0), scaleAt(2)];
      return Array.from({ length: 256 }, (_, i) => {
        const group = i >> 6;
        const sub = i >> 5;
        const scale = sub < 4 ? s(sub) & 63 : (s(sub + 4) & 15) | ((s(sub - 4) >> 6) << 4);
        const minimum = sub < 4 ? s(sub + 4) & 63 : (s(sub + 4) >> 4) | ((s(sub) >> 6) << 4);
        const low = view.getUint8((type === "Q4_K" ? 16 : 48) + 32 * group + (i & 31));
        const nibble = sub & 1 ? low >> 4 : low & 15;
        const fifth = type === "Q5_K" ? (view.getUint8(16 + (i & 31)) >> sub) & 1 : 0;
        return d * scale * (nibble + 16 * fifth) - dmin * minimum;
      });
    }
    case "Q6_K":
      return Array.from({ length: 256 }, (_, i) => {
        const [half, quarter, l] = [i >> 7, (i >> 5) & 3, i & 31];
        const low = view.getUint8(64 * half + 32 * (quarter & 1) + l);
        const nibble = quarter < 2 ? low & 15 : low >> 4;
        const high = (view.getUint8(128 + 32 * half + l) >> (2 * quarter)) & 3;
        return scaleAt(208) * view.getInt8(192 + (i >> 4)) * ((nibble | (high << 4)) - 32);
      });
    case "MXFP4": {
      const table = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
      return nibbles(1, 16).map((q) => 2 ** (view.getUint8(0) - 128) * (table[q] ?? 0));
    }
  }
}

/** A normal f16. */
function half(bits: number): number {
  return (bits & 0x8000 ? -1 : 1) * 2 ** (((bits >> 10) & 31) - 15) * (1 + (bits & 1023) / 1024);
}
