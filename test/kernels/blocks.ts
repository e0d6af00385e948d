/** Blocks of every weight type with all bits in use, and the shapes that the tests of packing and of products share. */
import { Random } from "../../bench/synthetic/random.ts";
import { tensorTypes } from "../../src/gguf/tensor-types.ts";
import type { TensorType } from "../../src/gguf/types.ts";
import { FORMATS } from "../../src/wasm/formats.ts";

export const TYPES = Object.keys(tensorTypes) as TensorType[];

/** Where a block keeps its f16 scales and minimums. */
const HALVES: Partial<Record<TensorType, number[]>> = {
  F16: [0],
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q8_0: [0],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
};

/** Random quants; scales of 2^-7 … 2^-3 and both signs, or any finite number of their type. */
export function randomBlocks(type: TensorType, weights: number, seed: string, scales: "usual" | "any" = "usual"): Uint8Array<ArrayBuffer> {
  const { blockWeights, blockBytes } = tensorTypes[type];
  const words = new Uint32Array(Math.ceil(((weights / blockWeights) * blockBytes) / 4));
  const random = new Random(`${type} ${seed}`);
  random.fill(words);
  const bytes = new Uint8Array(words.buffer, 0, (weights / blockWeights) * blockBytes);
  const view = new DataView(words.buffer);
  for (let at = 0; at < bytes.length; at += blockBytes) {
    for (const half of HALVES[type] ?? []) {
      const bits = view.getUint16(at + half, true);
      const exponent = scales === "any" ? ((bits >> 10) & 31) % 31 : 8 + ((bits >> 10) & 3);
      view.setUint16(at + half, (bits & 0x83ff) | (exponent << 10), true);
    }
    if (type === "MXFP4") bytes[at] = scales === "any" ? Math.max(2, Math.min(bytes[at]!, 250)) : 120 + (bytes[at]! & 7);
    if (type === "BF16") bytes[at + 1] = (bytes[at + 1]! & 0x80) | (scales === "any" ? bytes[at + 1]! % 127 : 0x3c + (bytes[at + 1]! & 3));
    if (type === "F32") view.setFloat32(at, (view.getInt32(at, true) / 2 ** 31) * (scales === "any" ? 1e38 : 0.1), true);
  }
  return bytes;
}

/** Where the K types keep the scales of their sub-blocks. */
const SUB_SCALES: Partial<Record<TensorType, [from: number, to: number]>> = { Q4_K: [4, 16], Q5_K: [4, 16], Q6_K: [192, 208] };

/** Blocks whose quants are all one byte, and the scales of their sub-blocks another; f16 scales and minimums are 1. */
export function uniformBlocks(type: TensorType, weights: number, quants: number, scales: number): Uint8Array<ArrayBuffer> {
  const { blockWeights, blockBytes } = tensorTypes[type];
  const bytes = new Uint8Array((weights / blockWeights) * blockBytes).fill(quants);
  const [from, to] = SUB_SCALES[type] ?? [0, 0];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    bytes.fill(scales, at + from, at + to);
    for (const half of HALVES[type] ?? []) bytes.set([0x00, 0x3c], at + half);
    if (type === "MXFP4") bytes[at] = 128;
  }
  return bytes;
}

/** [columns, outputs]: one block and few; octets less, more and none missing; a prime of blocks and of outputs; the models' widths. */
export function shapesOf(type: TensorType): [cols: number, outputs: number][] {
  const block = FORMATS[type].blockColumns;
  return [
    [block, 1],
    [block, 4],
    [block, 8],
    [2 * block, 12],
    [3 * block, 16],
    [7 * block, 13],
    [1792, 7],
    [2048, 24],
  ];
}
