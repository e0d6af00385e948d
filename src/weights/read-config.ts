/**
 * GGUF metadata and tensor table → the shape of one LFM2 model, checked: whatever passes here, the engine can run.
 * Key and tensor names: llama.cpp's gguf-py/gguf/constants.py and src/models/lfm2*.cpp.
 */
import { tensorBytes } from "../gguf/tensor-types.ts";
import type { GgufFile, TensorInfo } from "../gguf/types.ts";
import type { LayerKind, LayerTensors, ModelConfig, ModelTensors } from "./config.ts";
import { fileTypeName } from "./file-type.ts";
import { describe, Metadata } from "./metadata.ts";
import { TensorFinder } from "./tensor-finder.ts";

// Each well above the largest model of the family (40 layers, 2048 wide, 64 experts), and small enough that products stay exact.
const MAX_LAYERS = 1024;
const MAX_WIDTH = 2 ** 20;
const MAX_HEADS = 1024;
const MAX_EXPERTS = 4096;
const MAX_CONTEXT = 2 ** 31 - 1;
const MIN_EPSILON = 1e-30; // f32, and no subnormal: a row of zeros is divided by its root

const CONV_TAPS = 3;
const SIGMOID = 2; // expert_gating_func

export interface ReadModelConfig {
  readonly config: ModelConfig;
  readonly tensors: ModelTensors;
  readonly warnings: readonly string[]; // one line each: what in the file is odd, and what was done
}

/** Throws WeightsError where metadata and tensors do not make an LFM2 model, UnsupportedError where they make one that does not run here. */
export function readModelConfig(file: GgufFile): ReadModelConfig {
  const metadata = new Metadata(file);
  const finder = new TensorFinder(file);
  const warnings: string[] = [];

  const architecture = readArchitecture(metadata);
  const key = (name: string): string => `${architecture}.${name}`;
  refuseUnsupported(metadata, key);

  const nLayers = metadata.integer(key("block_count"), 1, MAX_LAYERS);
  const hiddenSize = metadata.integer(key("embedding_length"), 1, MAX_WIDTH);
  const layers = readLayerKinds(metadata, finder, key("attention.head_count_kv"), nLayers);
  const heads = readHeads(metadata, key, hiddenSize, layers);
  const convKernel = metadata.optionalInteger(key("shortconv.l_cache"), 1, MAX_WIDTH) ?? CONV_TAPS;
  if (convKernel !== CONV_TAPS) {
    throw metadata.unsupported(
      `${key("shortconv.l_cache")} is ${convKernel}, and a convolution of ${CONV_TAPS} taps is supported`,
      "shortconv.l_cache",
    );
  }

  const embedding = finder.find("token_embd.weight");
  const vocabularySize = embedding.shape[1] ?? 1;
  finder.expectShape(embedding, [hiddenSize, vocabularySize]);
  checkVocabulary(metadata, key, vocabularySize, warnings);

  const experts = architecture === "lfm2moe" ? readExperts(metadata, key) : undefined;
  const nDenseLayers = experts ? metadata.integer(key("leading_dense_block_count"), 0, nLayers) : nLayers;
  // The widths come from the tensors: files exist whose metadata holds the width before LFM2's own rounding (12288 for 8192).
  const feedForwardSize = nDenseLayers > 0 ? outputs(finder.find("blk.0.ffn_gate.weight")) : 0;
  const hasExperts = experts && nDenseLayers < nLayers;
  const expertFeedForwardSize = hasExperts ? outputs(finder.find(`blk.${nDenseLayers}.ffn_gate_exps.weight`)) : 0;
  if (nDenseLayers > 0) compareWidth(metadata, key("feed_forward_length"), feedForwardSize, warnings);
  if (hasExperts) compareWidth(metadata, key("expert_feed_forward_length"), expertFeedForwardSize, warnings);

  const license = metadata.optionalText("general.license.name") ?? metadata.optionalText("general.license");
  const config: ModelConfig = {
    architecture,
    name: metadata.optionalText("general.name"),
    fileType: fileTypeName(file),
    description: metadata.optionalText("general.description"),
    license,
    vocabularySize,
    hiddenSize,
    layers,
    ...heads,
    feedForwardSize,
    nDenseLayers,
    nExperts: experts?.count ?? 0,
    nExpertsPerToken: experts?.used ?? 0,
    expertFeedForwardSize,
    normEps: metadata.number(key("attention.layer_norm_rms_epsilon"), MIN_EPSILON, 1),
    ropeTheta: metadata.number(key("rope.freq_base"), 1, 1e12),
    convKernel,
    trainedContextLength: metadata.integer(key("context_length"), 1, MAX_CONTEXT),
  };
  checkLanes(metadata, config);
  const tensors: ModelTensors = {
    embedding,
    output: finder.has("output.weight") ? finder.matrix("output.weight", hiddenSize, vocabularySize) : embedding,
    norm: finder.f32(["token_embd_norm.weight", "output_norm.weight"], hiddenSize), // the final norm, for all its name
    layers: layers.map((kind, i) => readLayer(finder, config, kind, i)),
  };
  const unused = finder.unused();
  if (unused.length > 0) {
    warnings.push(
      `not used by this architecture: ${unused.slice(0, 3).join(", ")}${unused.length > 3 ? ` and ${unused.length - 3} more tensors` : ""}`,
    );
  }
  return { config, tensors, warnings };
}

function readArchitecture(metadata: Metadata): ModelConfig["architecture"] {
  const architecture = metadata.optionalText("general.architecture");
  if (architecture === undefined) throw metadata.error("it has no general.architecture");
  if (architecture === "lfm2" || architecture === "lfm2moe") return architecture;
  throw metadata.unsupported(`its architecture is ${describe(architecture)}; supported are lfm2 and lfm2moe`, architecture);
}

/** Settings under which the same tensors mean another computation. */
function refuseUnsupported(metadata: Metadata, key: (name: string) => string): void {
  const refuse = (name: string, supported: string): never => {
    const message = `${key(name)} is ${describe(metadata.get(key(name)) ?? "")}, and only ${supported} is supported`;
    throw metadata.unsupported(message, name);
  };
  const unless = (name: string, supported: string, ...accepted: readonly (string | number | boolean)[]): void => {
    const value = metadata.get(key(name));
    if (value !== undefined && !accepted.some((a) => a === value)) refuse(name, supported);
  };
  unless("attention.causal", "causal attention", true);
  unless("attention.sliding_window", "attention over the whole context", 0);
  unless("rope.scaling.type", "RoPE without scaling", "none");
  unless("rope.scaling.factor", "RoPE without scaling", 1, 0);
  unless("rope.scale_linear", "RoPE without scaling", 1, 0);
  unless("expert_gating_func", `${SIGMOID} (sigmoid)`, SIGMOID);
  unless("expert_weights_norm", "true", true);
  unless("expert_weights_scale", "1", 1);
  unless("expert_shared_count", "0", 0);
  unless("expert_group_count", "0 or 1", 0, 1);
}

/** From the KV heads of each layer (0: convolution). What the tensors say must agree: a wrong schedule would still print fluent text. */
function readLayerKinds(metadata: Metadata, finder: TensorFinder, headCountKv: string, nLayers: number): LayerKind[] {
  return metadata.perLayer(headCountKv, nLayers, 0, MAX_HEADS).map((nKvHeads, i) => {
    const isConv = finder.has(`blk.${i}.shortconv.conv.weight`);
    const isAttention = finder.has(`blk.${i}.attn_q.weight`) || finder.has(`blk.${i}.attn_qkv.weight`);
    if (isConv === isAttention)
      throw metadata.error(`layer ${i} has ${isConv ? "shortconv and attention tensors" : "neither shortconv nor attention tensors"}`);
    if (isConv !== (nKvHeads === 0)) {
      throw metadata.error(
        `${headCountKv}[${i}] is ${nKvHeads}, but layer ${i} has the tensors of ${isConv ? "a convolution" : "attention"}`,
      );
    }
    return isConv ? "conv" : "attention";
  });
}

function readHeads(
  metadata: Metadata,
  key: (name: string) => string,
  hiddenSize: number,
  layers: readonly LayerKind[],
): Pick<ModelConfig, "nHeads" | "nKvHeads" | "headDim"> {
  const ofAttention = (name: string): number => {
    const counts = metadata.perLayer(key(name), layers.length, 0, MAX_HEADS).filter((_, i) => layers[i] === "attention");
    const first = counts[0] ?? 1;
    if (counts.some((n) => n !== first)) throw metadata.unsupported(`${key(name)} differs between attention layers`, name);
    if (first === 0) throw metadata.error(`${key(name)} is 0 for attention layers`);
    return first;
  };
  const nHeads = ofAttention("attention.head_count");
  const nKvHeads = ofAttention("attention.head_count_kv");
  if (nHeads % nKvHeads !== 0) throw metadata.error(`its ${nHeads} heads do not divide among its ${nKvHeads} KV heads`);
  const headDim = metadata.optionalInteger(key("attention.key_length"), 1, MAX_WIDTH) ?? hiddenSize / nHeads;
  if (!Number.isInteger(headDim)) throw metadata.error(`a width of ${hiddenSize} does not divide among ${nHeads} heads`);
  for (const name of ["attention.value_length", "rope.dimension_count"]) {
    const value = metadata.optionalInteger(key(name), 0, MAX_WIDTH) ?? headDim;
    if (value !== headDim)
      throw metadata.unsupported(`${key(name)} is ${value}, and only the head's own size, ${headDim}, is supported`, name);
  }
  return { nHeads, nKvHeads, headDim };
}

function readExperts(metadata: Metadata, key: (name: string) => string): { count: number; used: number } {
  const count = metadata.integer(key("expert_count"), 1, MAX_EXPERTS);
  return { count, used: metadata.integer(key("expert_used_count"), 1, count) };
}

function checkVocabulary(metadata: Metadata, key: (name: string) => string, rows: number, warnings: string[]): void {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  if (Array.isArray(tokens) && tokens.length !== rows)
    throw metadata.error(`its tokenizer has ${tokens.length} tokens, and its embedding ${rows} rows`);
  const said = metadata.get(key("vocab_size"));
  if (said !== undefined && said !== rows)
    warnings.push(`${key("vocab_size")} is ${describe(said)}; the embedding's ${rows} rows are used`);
}

function compareWidth(metadata: Metadata, key: string, width: number, warnings: string[]): void {
  const said = metadata.get(key);
  if (said !== undefined && said !== width) warnings.push(`${key} is ${describe(said)}; the tensors' ${width} is used`);
}

/** What the kernels need: outputs in octets, heads of sixteen. */
function checkLanes(metadata: Metadata, config: ModelConfig): void {
  for (const [what, size, multiple] of [
    ["width", config.hiddenSize, 8],
    ["feed-forward width", config.feedForwardSize, 8],
    ["expert feed-forward width", config.expertFeedForwardSize, 8],
    ["head size", config.headDim, 16],
  ] as const) {
    if (size % multiple !== 0) throw metadata.unsupported(`its ${what} is ${size}, and a multiple of ${multiple} is needed`, what);
  }
}

function readLayer(finder: TensorFinder, config: ModelConfig, kind: LayerKind, i: number): LayerTensors {
  const { hiddenSize, feedForwardSize, expertFeedForwardSize, nExperts, convKernel } = config;
  const blk = (name: string): string => `blk.${i}.${name}`;
  const norms = { operatorNorm: finder.f32(blk("attn_norm.weight"), hiddenSize), ffnNorm: finder.f32(blk("ffn_norm.weight"), hiddenSize) };
  const operator =
    kind === "conv"
      ? {
          conv: {
            inProj: finder.matrix(blk("shortconv.in_proj.weight"), hiddenSize, 3 * hiddenSize), // rows B, C, x
            conv: finder.f32(blk("shortconv.conv.weight"), convKernel, hiddenSize), // the last tap is the current token's
            outProj: finder.matrix(blk("shortconv.out_proj.weight"), hiddenSize, hiddenSize),
          },
        }
      : { attention: readAttention(finder, config, blk) };
  if (i < config.nDenseLayers) {
    const dense = {
      gate: finder.matrix(blk("ffn_gate.weight"), hiddenSize, feedForwardSize),
      up: finder.matrix(blk("ffn_up.weight"), hiddenSize, feedForwardSize),
      down: finder.matrix(blk("ffn_down.weight"), feedForwardSize, hiddenSize),
    };
    return { ...norms, ...operator, dense };
  }
  const bias = blk("exp_probs_b.bias");
  const experts = {
    router: finder.f32(blk("ffn_gate_inp.weight"), hiddenSize, nExperts),
    ...(finder.has(bias) ? { bias: finder.f32(bias, nExperts) } : {}),
    gate: finder.matrix(blk("ffn_gate_exps.weight"), hiddenSize, expertFeedForwardSize, nExperts),
    up: finder.matrix(blk("ffn_up_exps.weight"), hiddenSize, expertFeedForwardSize, nExperts),
    down: finder.matrix(blk("ffn_down_exps.weight"), expertFeedForwardSize, hiddenSize, nExperts),
  };
  return { ...norms, ...operator, experts };
}

function readAttention(finder: TensorFinder, config: ModelConfig, blk: (name: string) => string): NonNullable<LayerTensors["attention"]> {
  const { hiddenSize, headDim } = config;
  const rows = { q: config.nHeads * headDim, k: config.nKvHeads * headDim, v: config.nKvHeads * headDim };
  const [qProj, kProj, vProj] = finder.has(blk("attn_qkv.weight"))
    ? splitRows(finder.matrix(blk("attn_qkv.weight"), hiddenSize, rows.q + rows.k + rows.v), rows)
    : [
        finder.matrix(blk("attn_q.weight"), hiddenSize, rows.q),
        finder.matrix(blk("attn_k.weight"), hiddenSize, rows.k),
        finder.matrix(blk("attn_v.weight"), hiddenSize, rows.v),
      ];
  return {
    qProj,
    kProj,
    vProj,
    outProj: finder.matrix(blk("attn_output.weight"), rows.q, hiddenSize),
    qNorm: finder.f32(blk("attn_q_norm.weight"), headDim),
    kNorm: finder.f32(blk("attn_k_norm.weight"), headDim),
  };
}

/** One fused matrix as three: rows of q, then k, then v. */
function splitRows(fused: TensorInfo, rows: { q: number; k: number; v: number }): [TensorInfo, TensorInfo, TensorInfo] {
  const columns = fused.shape[0] ?? 1;
  const rowBytes = tensorBytes(fused.type, columns, 1);
  const cut = (from: number, count: number): TensorInfo => ({
    ...fused,
    shape: [columns, count],
    offset: fused.offset + from * rowBytes,
    bytes: count * rowBytes,
  });
  return [cut(0, rows.q), cut(rows.q, rows.k), cut(rows.q + rows.k, rows.v)];
}

const outputs = (tensor: TensorInfo): number => tensor.shape[1] ?? 1;
