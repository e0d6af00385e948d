/** Inputs for the benches of kernels: random weights, as a file holds them, and rows of activations. */
import { tensorTypes } from "../src/gguf/tensor-types.ts";
import type { TensorType } from "../src/gguf/types.ts";
import { FORMATS, QUANTIZERS } from "../src/wasm/formats.ts";
import type { Kernels } from "../src/wasm/kernels.ts";

export function rawBytes(type: TensorType, cols: number, rows: number): number {
  const { blockWeights, blockBytes } = tensorTypes[type];
  return ((cols * rows) / blockWeights) * blockBytes;
}

/** Every 16-bit word that could be a scale is an f16 near 0.01: no denormals, no infinities. */
export function fillWeights(bytes: Uint8Array, f32: Float32Array, at: number, type: TensorType, count: number, random: () => number): void {
  const end = at + rawBytes(type, count, 1);
  if (type === "F32") for (let i = 0; i < count; i++) f32[at / 4 + i] = (random() - 128) / 128;
  else
    for (let i = at; i < end; i += 2) {
      bytes[i] = random();
      bytes[i + 1] = 0x20 | (random() & 3);
    }
}

/** Rows of f32[cols] as the type's product takes them, `stride` bytes apart. */
export function quantizeRows(
  kernels: Kernels,
  bytes: Uint8Array,
  type: TensorType,
  to: number,
  stride: number,
  from: number,
  cols: number,
  rows: number,
): void {
  const form = FORMATS[type].activations;
  for (let r = 0; r < rows; r++, to += stride, from += cols * 4) {
    if (form === "f32") bytes.copyWithin(to, from, from + stride);
    else kernels[QUANTIZERS[form]](to, from, cols);
  }
}

/** Bytes, the same ones each time. */
export function randomBytes(): () => number {
  let seed = 12345;
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0) >>> 24;
}
