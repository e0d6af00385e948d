/** A whole GGUF file of random weights, from a seed. The same shape, types and seed give the same bytes. */
import { tensorTypes } from "../../src/gguf/tensor-types.ts";
import { fillBlocks } from "./blocks.ts";
import { writeHeader } from "./header.ts";
import type { TypedValue } from "./header.ts";
import { ALIGNMENT, layOut } from "./layout.ts";
import type { FileType, SyntheticTensor, TypeRule } from "./layout.ts";
import { Random } from "./random.ts";
import type { ModelShape } from "./shapes.ts";
import { synthesizeTokenizer } from "./tokenizer.ts";

export interface SyntheticModel {
  readonly bytes: number; // of the whole file
  readonly tensors: readonly SyntheticTensor[];
  /** The file in order. A chunk is only good until the next is taken. */
  chunks(): Generator<Uint8Array<ArrayBuffer>>;
}

const CHUNK_BYTES = 4 * 2 ** 20;

/** llama.h, `enum llama_ftype`. */
const fileTypeIds: Readonly<Record<FileType, number>> = {
  F16: 1,
  BF16: 32,
  Q8_0: 7,
  Q4_0: 2,
  Q4_K_M: 15,
  Q5_K_M: 17,
  Q6_K: 18,
  MXFP4_MOE: 38,
};

/** `types`: one of llama-quantize's mixtures, or a rule of the caller's for matrices. */
export function synthesize(shape: ModelShape, types: FileType | TypeRule, seed = 1): SyntheticModel {
  const { tensors, dataBytes } = layOut(shape, types);
  const header = writeHeader(describeModel(shape, types, seed), tensors);
  return {
    bytes: header.length + dataBytes,
    tensors,
    *chunks() {
      yield header;
      for (const tensor of tensors) yield* tensorChunks(tensor, seed);
    },
  };
}

/** A small model in memory. */
export function synthesizeBytes(shape: ModelShape, types: FileType | TypeRule, seed = 1): Uint8Array<ArrayBuffer> {
  const model = synthesize(shape, types, seed);
  const file = new Uint8Array(model.bytes);
  let length = 0;
  for (const chunk of model.chunks()) {
    file.set(chunk, length);
    length += chunk.length;
  }
  return file;
}

function describeModel(shape: ModelShape, types: FileType | TypeRule, seed: number): Record<string, TypedValue> {
  const { experts } = shape;
  const architecture = experts ? "lfm2moe" : "lfm2";
  const tokenizer = synthesizeTokenizer(shape.vocabularySize, shape.tokenizer, seed);
  const nKvHeads = Array.from({ length: shape.nLayers }, (_, i) => (shape.attentionLayers.includes(i) ? shape.nKvHeads : 0));
  const of: Record<string, TypedValue> = {
    block_count: { u32: shape.nLayers },
    context_length: { u32: 128_000 },
    embedding_length: { u32: shape.hiddenSize },
    feed_forward_length: { u32: shape.feedForwardSize },
    "attention.head_count": { u32: shape.nHeads },
    "attention.head_count_kv": { i32s: nKvHeads },
    "rope.freq_base": { f32: shape.ropeTheta },
    "attention.layer_norm_rms_epsilon": { f32: 1e-5 },
    vocab_size: { u32: shape.vocabularySize },
    "shortconv.l_cache": { u32: 3 },
    ...(experts && {
      expert_count: { u32: experts.count },
      expert_used_count: { u32: experts.used },
      expert_feed_forward_length: { u32: experts.feedForwardSize },
      leading_dense_block_count: { u32: experts.nDenseLayers },
      expert_gating_func: { u32: 2 }, // sigmoid
    }),
  };
  return {
    "general.architecture": { text: architecture },
    "general.type": { text: "model" },
    "general.name": { text: `${shape.name} (random weights)` },
    ...Object.fromEntries(Object.entries(of).map(([key, value]) => [`${architecture}.${key}`, value])),
    "general.quantization_version": { u32: 2 },
    ...(typeof types === "string" && { "general.file_type": { u32: fileTypeIds[types] } }),
    "tokenizer.ggml.model": { text: "gpt2" },
    "tokenizer.ggml.pre": { text: "lfm2" },
    "tokenizer.ggml.tokens": { texts: tokenizer.tokens },
    "tokenizer.ggml.token_type": { i32s: tokenizer.types },
    "tokenizer.ggml.merges": { texts: tokenizer.merges },
    "tokenizer.ggml.bos_token_id": { u32: tokenizer.bos },
    "tokenizer.ggml.eos_token_id": { u32: tokenizer.eos },
    "tokenizer.ggml.padding_token_id": { u32: tokenizer.pad },
    "tokenizer.ggml.add_bos_token": { bool: true },
  };
}

function* tensorChunks(tensor: SyntheticTensor, seed: number): Generator<Uint8Array<ArrayBuffer>> {
  const random = new Random(`${seed} ${tensor.name}`);
  const { std, mean } = statistics(tensor);
  // Eight blocks are a whole number of words whatever the block, so that chunks do not change the stream.
  const group = 8 * tensorTypes[tensor.type].blockBytes;
  const chunk = new Uint8Array(Math.floor(CHUNK_BYTES / group) * group);
  const padded = Math.ceil(tensor.bytes / ALIGNMENT) * ALIGNMENT;
  for (let done = 0; done < padded; done += chunk.length) {
    const whole = chunk.subarray(0, Math.min(chunk.length, Math.ceil((tensor.bytes - done) / group) * group));
    fillBlocks(tensor.type, whole, std, random);
    if (mean !== 0) new Float32Array(whole.buffer, 0, whole.length >> 2).forEach((value, i, all) => (all[i] = value + mean));
    if (done + chunk.length < padded) yield chunk;
    else yield ending(whole, tensor.bytes - done, padded - done);
  }
}

/** The first `used` bytes, then zeros up to `length`. */
function ending(bytes: Uint8Array<ArrayBuffer>, used: number, length: number): Uint8Array<ArrayBuffer> {
  const last = new Uint8Array(length);
  last.set(bytes.subarray(0, used));
  return last;
}

/** Such that every layer's output is of order one, logits spread by about 1.4, and the router sends tokens to all experts. */
function statistics({ name, shape }: SyntheticTensor): { std: number; mean: number } {
  if (name.endsWith("norm.weight")) return { std: 0.05, mean: 1 };
  if (name === "token_embd.weight") return { std: 0.03, mean: 0 };
  if (name.endsWith("exp_probs_b.bias")) return { std: 0.02, mean: 0 };
  if (name.endsWith("shortconv.conv.weight")) return { std: 0.5, mean: 0 };
  return { std: 1 / Math.sqrt(shape[0] ?? 1), mean: 0 };
}
