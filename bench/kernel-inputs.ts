/** Weights for the benches of kernels: random, and as a file holds them. */
import { tensorTypes } from "../src/gguf/tensor-types.ts";
import type { TensorType } from "../src/gguf/types.ts";

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

/** Bytes, the same ones each time. */
export function randomBytes(): () => number {
  let seed = 12345;
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0) >>> 24;
}
