/** Which tensors a model has, of which types, and where they lie: as llama-quantize writes them (llama.cpp, src/llama-quant.cpp). */
import { tensorBytes, tensorTypes } from "../../src/gguf/tensor-types.ts";
import type { TensorType } from "../../src/gguf/types.ts";
import type { ModelShape } from "./shapes.ts";

export const ALIGNMENT = 32;

/** The types that llama-quantize mixes under one name. */
export const fileTypes = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "MXFP4_MOE"] as const;
export type FileType = (typeof fileTypes)[number];

/** The type of one matrix; norms, router, expert bias and convolution taps are F32 whatever it says. */
export type TypeRule = (tensor: { name: string; shape: readonly number[] }) => TensorType;

export interface SyntheticTensor {
  readonly name: string;
  readonly shape: readonly number[]; // fastest dimension first
  readonly type: TensorType;
  readonly offset: number; // from the start of the data section
  readonly bytes: number;
}

export interface Layout {
  readonly tensors: readonly SyntheticTensor[];
  readonly dataBytes: number;
}

export function layOut(shape: ModelShape, types: FileType | TypeRule): Layout {
  const rule = typeof types === "string" ? mixture(types, shape) : types;
  const tensors: SyntheticTensor[] = [];
  let offset = 0;
  for (const tensor of listTensors(shape)) {
    const type = isMatrix(tensor) ? fitting(rule(tensor), tensor.shape[0] ?? 1) : "F32";
    const columns = tensor.shape[0] ?? 1;
    const rows = tensor.shape.slice(1).reduce((product, n) => product * n, 1);
    const bytes = tensorBytes(type, columns, rows);
    tensors.push({ ...tensor, type, offset, bytes });
    offset += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  }
  return { tensors, dataBytes: offset };
}

type Named = Pick<SyntheticTensor, "name" | "shape">;

function listTensors(shape: ModelShape): Named[] {
  const { hiddenSize, nHeads, nKvHeads, feedForwardSize, vocabularySize, experts } = shape;
  const headDim = hiddenSize / nHeads;
  const tensors: Named[] = [
    { name: "token_embd.weight", shape: [hiddenSize, vocabularySize] },
    { name: "token_embd_norm.weight", shape: [hiddenSize] },
  ];
  for (let i = 0; i < shape.nLayers; i++) {
    const layer: Record<string, number[]> = { "attn_norm.weight": [hiddenSize], "ffn_norm.weight": [hiddenSize] };
    if (shape.attentionLayers.includes(i)) {
      layer["attn_q.weight"] = [hiddenSize, nHeads * headDim];
      layer["attn_k.weight"] = [hiddenSize, nKvHeads * headDim];
      layer["attn_v.weight"] = [hiddenSize, nKvHeads * headDim];
      layer["attn_output.weight"] = [nHeads * headDim, hiddenSize];
      layer["attn_q_norm.weight"] = [headDim];
      layer["attn_k_norm.weight"] = [headDim];
    } else {
      layer["shortconv.in_proj.weight"] = [hiddenSize, 3 * hiddenSize];
      layer["shortconv.conv.weight"] = [3, hiddenSize];
      layer["shortconv.out_proj.weight"] = [hiddenSize, hiddenSize];
    }
    if (experts && i >= experts.nDenseLayers) {
      layer["ffn_gate_inp.weight"] = [hiddenSize, experts.count];
      layer["exp_probs_b.bias"] = [experts.count];
      layer["ffn_gate_exps.weight"] = [hiddenSize, experts.feedForwardSize, experts.count];
      layer["ffn_up_exps.weight"] = [hiddenSize, experts.feedForwardSize, experts.count];
      layer["ffn_down_exps.weight"] = [experts.feedForwardSize, hiddenSize, experts.count];
    } else {
      layer["ffn_gate.weight"] = [hiddenSize, feedForwardSize];
      layer["ffn_up.weight"] = [hiddenSize, feedForwardSize];
      layer["ffn_down.weight"] = [feedForwardSize, hiddenSize];
    }
    for (const name of Object.keys(layer).toSorted()) tensors.push({ name: `blk.${i}.${name}`, shape: layer[name] ?? [] });
  }
  return tensors;
}

const isMatrix = ({ name, shape }: Named): boolean => shape.length > 1 && !/shortconv\.conv|ffn_gate_inp/.test(name);

const isEmbedding = (name: string): boolean => name === "token_embd.weight";

function mixture(fileType: FileType, shape: ModelShape): TypeRule {
  switch (fileType) {
    case "MXFP4_MOE":
      return ({ shape }) => (shape.length === 3 ? "MXFP4" : "Q8_0");
    case "Q4_0": // a tied embedding is an output matrix too, and those are kept finer
      return ({ name }) => (isEmbedding(name) ? "Q6_K" : "Q4_0");
    case "Q4_K_M":
      return ({ name }) => (isEmbedding(name) || needsMoreBits(name, shape) ? "Q6_K" : "Q4_K");
    case "Q5_K_M":
      return ({ name }) => (isEmbedding(name) || needsMoreBits(name, shape) ? "Q6_K" : "Q5_K");
    default:
      return () => fileType;
  }
}

/** llama-quant.cpp, use_more_bits: the outer eighths and every third between, of ffn_down by layer and of attn_v by attention layer. */
function needsMoreBits(name: string, shape: ModelShape): boolean {
  const match = /^blk\.(\d+)\.(ffn_down|ffn_down_exps|attn_v)\.weight$/.exec(name);
  if (!match) return false;
  const ofAttention = match[2] === "attn_v";
  const n = ofAttention ? shape.attentionLayers.length : shape.nLayers;
  const i = ofAttention ? shape.attentionLayers.indexOf(Number(match[1])) : Number(match[1]);
  const eighth = Math.floor(n / 8);
  return i < eighth || i >= Math.floor((7 * n) / 8) || (i - eighth) % 3 === 2;
}

const coarser: Partial<Record<TensorType, TensorType>> = { Q4_K: "Q5_0", Q5_K: "Q5_1", Q6_K: "Q8_0" };

/** A K type needs rows of a multiple of 256; llama-quantize falls back like this. */
function fitting(type: TensorType, columns: number): TensorType {
  const fits = columns % tensorTypes[type].blockWeights === 0 ? type : coarser[type];
  if (fits === undefined) throw new RangeError(`a row of ${columns} weights cannot be ${type}`);
  return fits;
}
