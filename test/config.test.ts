import { beforeAll, describe, expect, it } from "vitest";
import { layOut } from "../bench/synthetic/layout.ts";
import { shapes } from "../bench/synthetic/shapes.ts";
import { UnsupportedError, WeightsError } from "../src/errors.ts";
import { readGguf } from "../src/gguf/read.ts";
import { tensorBytes } from "../src/gguf/tensor-types.ts";
import type { GgufFile, MetadataValue, TensorInfo, TensorType } from "../src/gguf/types.ts";
import { openFile } from "../src/runtime/node-file-source.ts";
import { countParameters } from "../src/weights/parameters.ts";
import { readModelConfig } from "../src/weights/read-config.ts";

const fixture = async (name: string): Promise<GgufFile> => readGguf(await openFile(new URL(`fixtures/${name}`, import.meta.url).pathname));

let moe: GgufFile;
let dense: GgufFile;
beforeAll(async () => {
  moe = await fixture("tiny-moe-Q4_K_M.gguf");
  dense = await fixture("tiny-dense-Q8_0.gguf");
});

type Changes<T> = Readonly<Record<string, T | undefined>>; // undefined: remove

/** The file with some metadata or tensors changed, added or removed. */
function edit(file: GgufFile, metadata: Changes<MetadataValue>, tensors: Changes<TensorInfo> = {}): GgufFile {
  const change = <T>(map: ReadonlyMap<string, T>, changes: Changes<T>): Map<string, T> => {
    const changed = new Map(map);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) changed.delete(key);
      else changed.set(key, value);
    }
    return changed;
  };
  return { ...file, metadata: change(file.metadata, metadata), tensors: change(file.tensors, tensors) };
}

function tensor(name: string, type: TensorType, ...shape: number[]): TensorInfo {
  const [columns = 1, ...rest] = shape;
  return {
    name,
    type,
    shape,
    shard: "m.gguf",
    offset: 4096,
    bytes: tensorBytes(
      type,
      columns,
      rest.reduce((a, b) => a * b, 1),
    ),
  };
}

describe("the fixtures", () => {
  it("give the mixture of experts", () => {
    const { config, tensors, warnings } = readModelConfig(moe);
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      architecture: "lfm2moe",
      name: "tiny-moe",
      fileType: "Q4_K_M",
      license: undefined,
      vocabularySize: 1024,
      hiddenSize: 256,
      layers: ["conv", "attention", "conv", "attention"],
      nHeads: 4,
      nKvHeads: 2,
      headDim: 64,
      feedForwardSize: 512,
      nDenseLayers: 1,
      nExperts: 6,
      nExpertsPerToken: 4,
      expertFeedForwardSize: 256,
      normEps: Math.fround(1e-5),
      ropeTheta: 1e6,
      convKernel: 3,
      trainedContextLength: 4096,
    });
    expect(tensors.output).toBe(tensors.embedding);
    expect(tensors.norm.name).toBe("token_embd_norm.weight");
    expect(tensors.layers.map((l) => Object.keys(l).filter((k) => !k.endsWith("Norm")))).toEqual([
      ["conv", "dense"],
      ["attention", "experts"],
      ["conv", "experts"],
      ["attention", "experts"],
    ]);
    expect(tensors.layers[1]?.experts?.bias?.name).toBe("blk.1.exp_probs_b.bias");
  });

  it("give the dense model", () => {
    const { config, tensors } = readModelConfig(dense);
    expect(config).toMatchObject({
      architecture: "lfm2",
      fileType: "Q8_0",
      nDenseLayers: 4,
      nExperts: 0,
      nExpertsPerToken: 0,
      expertFeedForwardSize: 0,
    });
    expect(tensors.layers.every((l) => l.dense && !l.experts)).toBe(true);
  });
});

describe("aliases and omissions", () => {
  it.each<[string, MetadataValue]>([
    ["u32", Uint32Array.of(0, 2, 0, 2)],
    ["u64", Float64Array.of(0, 2, 0, 2)],
    ["u8", Uint8Array.of(0, 2, 0, 2)],
  ])("head_count_kv may be an array of %s", (_, counts) => {
    expect(readModelConfig(edit(moe, { "lfm2moe.attention.head_count_kv": counts })).config).toEqual(readModelConfig(moe).config);
  });

  it("a single head_count_kv is every layer's", () => {
    const message = /head_count_kv\[0\] is 2, but layer 0 has the tensors of a convolution/;
    expectError(edit(moe, { "lfm2moe.attention.head_count_kv": 2 }), WeightsError, message);
  });

  it("the heads may be listed by layer too", () => {
    expect(readModelConfig(edit(moe, { "lfm2moe.attention.head_count": Uint32Array.of(0, 4, 0, 4) })).config.nHeads).toBe(4);
  });

  it("the final norm may be called output_norm", () => {
    const norm = tensor("output_norm.weight", "F32", 256);
    const file = edit(moe, {}, { "token_embd_norm.weight": undefined, "output_norm.weight": norm });
    expect(readModelConfig(file).tensors.norm).toBe(norm);
  });

  it("the head may be a matrix of its own", () => {
    const output = tensor("output.weight", "Q8_0", 256, 1024);
    expect(readModelConfig(edit(moe, {}, { "output.weight": output })).tensors.output).toBe(output);
  });

  it("a fused attn_qkv is cut into rows of q, k and v", () => {
    const fused = tensor("blk.1.attn_qkv.weight", "Q4_K", 256, 256 + 128 + 128);
    const parts = { "blk.1.attn_q.weight": undefined, "blk.1.attn_k.weight": undefined, "blk.1.attn_v.weight": undefined };
    const { tensors } = readModelConfig(edit(moe, {}, { ...parts, "blk.1.attn_qkv.weight": fused }));
    const { qProj, kProj, vProj } = tensors.layers[1]?.attention ?? expect.fail("no attention");
    expect([qProj, kProj, vProj].map((t) => [t.shape, t.offset, t.bytes, t.type])).toEqual([
      [[256, 256], 4096, 256 * 144, "Q4_K"],
      [[256, 128], 4096 + 256 * 144, 128 * 144, "Q4_K"],
      [[256, 128], 4096 + 384 * 144, 128 * 144, "Q4_K"],
    ]);
  });

  it("the head size may be given", () => {
    expect(readModelConfig(edit(moe, { "lfm2moe.attention.key_length": 64, "lfm2moe.attention.value_length": 64 })).config.headDim).toBe(
      64,
    );
    expectError(edit(moe, { "lfm2moe.attention.key_length": 32 }), WeightsError, /attn_q\.weight is 256 × 256, expected 256 × 128/);
  });

  it("an expert bias may be absent", () => {
    const file = edit(moe, {}, { "blk.1.exp_probs_b.bias": undefined });
    expect(readModelConfig(file).tensors.layers[1]?.experts).not.toHaveProperty("bias");
  });

  it("what LFM2 always does may be said", () => {
    const said = {
      "lfm2moe.expert_weights_norm": true,
      "lfm2moe.expert_weights_scale": 1,
      "lfm2moe.attention.causal": true,
      "lfm2moe.rope.scaling.type": "none",
    };
    expect(readModelConfig(edit(moe, said)).config).toEqual(readModelConfig(moe).config);
    expect(readModelConfig(edit(moe, { "lfm2moe.expert_gating_func": undefined })).config).toEqual(readModelConfig(moe).config);
  });

  it("widths come from the tensors, and metadata that differs is told", () => {
    const { config, warnings } = readModelConfig(edit(dense, { "lfm2.feed_forward_length": 768, "lfm2.vocab_size": 2000 }));
    expect(config.feedForwardSize).toBe(512);
    expect(warnings).toEqual([
      "lfm2.vocab_size is 2000; the embedding's 1024 rows are used",
      "lfm2.feed_forward_length is 768; the tensors' 512 is used",
    ]);
  });

  it("tensors of other uses are left alone, and told", () => {
    const { warnings } = readModelConfig(edit(dense, {}, { "dense_2.weight": tensor("dense_2.weight", "F32", 256, 128) }));
    expect(warnings).toEqual(["not used by this architecture: dense_2.weight"]);
  });

  it.each<[MetadataValue | undefined, string]>([
    [2, "Q4_0"],
    [15, "Q4_K_M"],
    [1024 + 18, "Q6_K"],
    [38, "MXFP4_MOE"],
    [undefined, "Q4_K"],
    [30, "Q4_K"], // IQ4_XS, which no tensor here is
    ["Q4_K_M", "Q4_K"],
  ])("general.file_type %s is %s", (id, name) => {
    expect(readModelConfig(edit(moe, { "general.file_type": id })).config.fileType).toBe(name);
  });

  it("the license is what the file says", () => {
    expect(readModelConfig(edit(dense, { "general.license": "other" })).config.license).toBe("other");
    expect(readModelConfig(edit(dense, { "general.license": "other", "general.license.name": "lfm1.0" })).config.license).toBe("lfm1.0");
  });
});

describe("refusals", () => {
  it.each<[string, MetadataValue, RegExp]>([
    ["lfm2moe.attention.causal", false, /attention\.causal is false, and only causal attention/],
    ["lfm2moe.attention.sliding_window", 4096, /sliding_window is 4096/],
    ["lfm2moe.rope.scaling.type", "yarn", /rope\.scaling\.type is "yarn"/],
    ["lfm2moe.rope.scaling.factor", 4, /rope\.scaling\.factor is 4/],
    ["lfm2moe.expert_gating_func", 1, /expert_gating_func is 1, and only 2 \(sigmoid\)/],
    ["lfm2moe.expert_weights_norm", false, /expert_weights_norm is false/],
    ["lfm2moe.expert_weights_scale", 2.5, /expert_weights_scale is 2\.5/],
    ["lfm2moe.expert_shared_count", 1, /expert_shared_count is 1/],
    ["lfm2moe.shortconv.l_cache", 4, /l_cache is 4, and a convolution of 3 taps/],
    ["lfm2moe.attention.value_length", 32, /value_length is 32/],
    ["lfm2moe.rope.dimension_count", 32, /rope\.dimension_count is 32/],
    ["general.architecture", "llama", /architecture is "llama"; supported are lfm2 and lfm2moe/],
  ])("%s = %s is not supported", (key, value, message) => {
    expectError(edit(moe, { [key]: value }), UnsupportedError, message);
  });

  it.each<[string, MetadataValue | undefined, RegExp]>([
    ["general.architecture", undefined, /it has no general\.architecture/],
    ["general.architecture", 7, /general\.architecture is 7, expected a string/],
    ["lfm2moe.block_count", undefined, /it has no lfm2moe\.block_count/],
    ["lfm2moe.block_count", 0, /block_count is 0, expected a whole number from 1/],
    ["lfm2moe.block_count", 4.5, /block_count is 4\.5/],
    ["lfm2moe.block_count", "4", /block_count is "4"/],
    ["lfm2moe.block_count", Uint32Array.of(4), /block_count is an array of 1/],
    ["lfm2moe.block_count", 5, /head_count_kv has 4 numbers, expected one for each of the 5 layers/],
    ["lfm2moe.block_count", 1e9, /block_count is 1000000000/],
    ["lfm2moe.embedding_length", 128, /token_embd\.weight is 256 × 1024, expected 128 × 1024/],
    ["lfm2moe.attention.head_count", 0, /head_count is 0 for attention layers/],
    ["lfm2moe.attention.head_count", 3, /3 heads do not divide among its 2 KV heads/],
    ["lfm2moe.attention.head_count", 6, /256 does not divide among 6 heads/],
    ["lfm2moe.attention.head_count", 8, /attn_k\.weight is 256 × 128, expected 256 × 64/],
    ["lfm2moe.attention.head_count_kv", ["0", "2", "0", "2"], /head_count_kv is an array of 4, expected a number for each/],
    ["lfm2moe.attention.head_count_kv", Int32Array.of(0, 2, 0, -2), /head_count_kv\[3\] is -2/],
    ["lfm2moe.attention.head_count_kv", Int32Array.of(0, 2, 0, 0), /head_count_kv\[3\] is 0, but layer 3 has the tensors of attention/],
    ["lfm2moe.rope.freq_base", undefined, /it has no lfm2moe\.rope\.freq_base/],
    ["lfm2moe.rope.freq_base", Number.NaN, /freq_base is NaN/],
    ["lfm2moe.attention.layer_norm_rms_epsilon", 0, /rms_epsilon is 0/],
    ["lfm2moe.attention.layer_norm_rms_epsilon", Number.POSITIVE_INFINITY, /rms_epsilon is Infinity/],
    ["lfm2moe.context_length", undefined, /it has no lfm2moe\.context_length/],
    ["lfm2moe.expert_count", undefined, /it has no lfm2moe\.expert_count/],
    ["lfm2moe.expert_count", 8, /ffn_gate_inp\.weight is 256 × 6, expected 256 × 8/],
    ["lfm2moe.expert_used_count", 7, /expert_used_count is 7, expected a whole number from 1 to 6/],
    ["lfm2moe.leading_dense_block_count", 2, /tensor blk\.1\.ffn_gate\.weight is missing/],
    ["lfm2moe.leading_dense_block_count", 0, /tensor blk\.0\.ffn_gate_exps\.weight is missing/],
    ["tokenizer.ggml.tokens", ["a", "b"], /tokenizer has 2 tokens, and its embedding 1024 rows/],
  ])("%s = %s does not fit", (key, value, message) => {
    expectError(edit(moe, { [key]: value }), WeightsError, message);
  });

  it.each<[string, TensorInfo | undefined, RegExp]>([
    ["token_embd.weight", undefined, /token_embd\.weight is missing/],
    ["token_embd_norm.weight", undefined, /token_embd_norm\.weight or output_norm\.weight is missing/],
    ["blk.3.ffn_down_exps.weight", tensor("blk.3.ffn_down_exps.weight", "Q4_0", 256, 256, 5), /256 × 256 × 5, expected 256 × 256 × 6/],
    ["blk.3.ffn_down_exps.weight", tensor("blk.3.ffn_down_exps.weight", "Q4_0", 256, 1536), /256 × 1536, expected 256 × 256 × 6/],
    ["blk.0.shortconv.conv.weight", tensor("blk.0.shortconv.conv.weight", "F32", 256, 3), /256 × 3, expected 3 × 256/],
    ["blk.0.shortconv.conv.weight", undefined, /layer 0 has neither shortconv nor attention tensors/],
    ["blk.1.shortconv.conv.weight", tensor("blk.1.shortconv.conv.weight", "F32", 3, 256), /layer 1 has shortconv and attention tensors/],
    ["blk.1.attn_q_norm.weight", tensor("blk.1.attn_q_norm.weight", "F32", 256), /attn_q_norm\.weight is 256, expected 64/],
    ["output.weight", tensor("output.weight", "F16", 256, 1000), /output\.weight is 256 × 1000, expected 256 × 1024/],
  ])("tensor %s does not fit", (name, changed, message) => {
    expectError(edit(moe, {}, { [name]: changed }), WeightsError, message);
  });

  it.each<[string, TensorInfo, RegExp]>([
    [
      "blk.1.attn_norm.weight",
      tensor("blk.1.attn_norm.weight", "F16", 256),
      /attn_norm\.weight is F16, and this kind of tensor must be F32/,
    ],
    ["blk.1.ffn_gate_inp.weight", tensor("blk.1.ffn_gate_inp.weight", "Q8_0", 256, 6), /ffn_gate_inp\.weight is Q8_0/],
    ["blk.1.attn_q.bias", tensor("blk.1.attn_q.bias", "F32", 256), /tensor "blk\.1\.attn_q\.bias" is not supported/],
    ["rope_freqs.weight", tensor("rope_freqs.weight", "F32", 32), /tensor "rope_freqs\.weight" is not supported/],
  ])("tensor %s is not supported", (name, changed, message) => {
    expectError(edit(moe, {}, { [name]: changed }), UnsupportedError, message);
  });

  it("attention layers of different KV heads are not supported", () => {
    expectError(
      edit(moe, { "lfm2moe.attention.head_count_kv": Int32Array.of(0, 2, 0, 1) }),
      UnsupportedError,
      /differs between attention layers/,
    );
  });

  it("a width that the kernels cannot take is not supported", () => {
    const wide = (name: string, ...shape: number[]): Record<string, TensorInfo> => ({ [name]: tensor(name, "F16", ...shape) });
    const file = [0, 1, 2, 3].reduce(
      (f, i) =>
        edit(
          f,
          {},
          {
            ...wide(`blk.${i}.ffn_gate.weight`, 256, 510),
            ...wide(`blk.${i}.ffn_up.weight`, 256, 510),
            ...wide(`blk.${i}.ffn_down.weight`, 510, 256),
          },
        ),
      dense,
    );
    expectError(file, UnsupportedError, /feed-forward width is 510, and a multiple of 8 is needed/);
  });
});

describe("parameters", () => {
  it("are those of the published models, in all and per token", () => {
    const count = (name: string): { total: number; active: number } => {
      const shape = shapes.get(name) ?? expect.fail(`no shape ${name}`);
      const tensors = new Map(layOut(shape, "F16").tensors.map((t) => [t.name, { ...t, shard: "m.gguf" }]));
      const architecture = shape.experts ? "lfm2moe" : "lfm2";
      const of = (metadata: Record<string, MetadataValue>): [string, MetadataValue][] =>
        Object.entries(metadata).map(([k, v]) => [`${architecture}.${k}`, v]);
      const metadata = new Map<string, MetadataValue>([
        ["general.architecture", architecture],
        ...of({
          block_count: shape.nLayers,
          context_length: 128_000,
          embedding_length: shape.hiddenSize,
          feed_forward_length: shape.feedForwardSize,
          "attention.head_count": shape.nHeads,
          "attention.head_count_kv": Int32Array.from({ length: shape.nLayers }, (_, i) => (shape.attentionLayers.includes(i) ? 8 : 0)),
          "attention.layer_norm_rms_epsilon": 1e-5,
          "rope.freq_base": shape.ropeTheta,
          expert_count: shape.experts?.count ?? 1,
          expert_used_count: shape.experts?.used ?? 1,
          leading_dense_block_count: shape.experts?.nDenseLayers ?? 0,
        }),
      ]);
      const { config, tensors: found } = readModelConfig({ version: 3, metadata, tensors, shards: ["m.gguf"], bytes: 0 });
      return countParameters(config, found);
    };
    expect(count("1.2b")).toEqual({ total: 1_170_340_608, active: 1_170_340_608 });
    const { total, active } = count("8b-a1b");
    expect(total).toBe(8_339_930_560);
    expect(active / 1e9).toBeCloseTo(1.56, 2); // "≈1.56 B", model card
    expect(count("24b-a2b").active / 1e9).toBeCloseTo(2.33, 2);
  });
});

function expectError(file: GgufFile, type: typeof WeightsError | typeof UnsupportedError, message: RegExp): void {
  let error: unknown;
  try {
    readModelConfig(file);
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toMatch(/^Cannot use \S+\.gguf: [^\n]+$/);
}
