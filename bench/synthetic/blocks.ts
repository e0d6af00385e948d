/**
 * Random blocks of every tensor type, with a wanted standard deviation and a mean of zero: random bits for the quants, then the scales
 * written over them. Nothing is quantised, which is what makes gigabytes a matter of seconds.
 *
 * Block layouts: ggml-common.h. Scales stay clear of f16's subnormals.
 */
import { tensorTypes } from "../../src/gguf/tensor-types.ts";
import type { TensorType } from "../../src/gguf/types.ts";
import type { Random } from "./random.ts";

/** Turns random bits into blocks, in place; `bytes` is a whole number of blocks. */
type Shaper = (bytes: Uint8Array<ArrayBuffer>, std: number) => void;

/** Fills `bytes`, a whole number of blocks of `type` and of 4-byte words, with weights of standard deviation `std`. */
export function fillBlocks(type: TensorType, bytes: Uint8Array<ArrayBuffer>, std: number, random: Random): void {
  random.fill(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2));
  shapers[type](bytes, std);
}

/** The standard deviation of the whole numbers from 0 to n − 1, all as likely. */
const spread = (n: number): number => Math.sqrt((n * n - 1) / 12);

/** The 32 scales of `mean`·(0.75 … 1.25), as f16. */
const jittered = (mean: number): Uint16Array => Uint16Array.from({ length: 32 }, (_, i) => toHalf(mean * (0.75 + i / 62)));

/** Scale `d` from five bits of what lies there; where the quants are signed, its sign too, so that their −½ of mean cancels. */
function withScale(type: TensorType, at: number, spreadOfQuants: number, signed: boolean): Shaper {
  const { blockBytes } = tensorTypes[type];
  return (bytes, std) => {
    const halves = jittered(std / spreadOfQuants);
    for (let p = at; p < bytes.length; p += blockBytes) {
      const bits = bytes[p] ?? 0;
      const half = halves[bits & 31] ?? 0;
      bytes[p] = half & 255;
      bytes[p + 1] = (half >> 8) | (signed ? bits & 128 : 0);
    }
  };
}

/** Scale `d` and minimum `m` = −d · middle. */
function withMinimum(type: TensorType, levels: number): Shaper {
  const { blockBytes } = tensorTypes[type];
  return (bytes, std) => {
    const step = std / spread(levels);
    const scales = jittered(step);
    const minima = jittered(-step * ((levels - 1) / 2));
    for (let p = 0; p < bytes.length; p += blockBytes) {
      const i = (bytes[p] ?? 0) & 31;
      put16(bytes, p, scales[i] ?? 0);
      put16(bytes, p + 2, minima[i] ?? 0);
    }
  };
}

/**
 * Q4_K and Q5_K: eight sub-blocks of scale and minimum in 6 bits each. Both are the same number here, 8 to 15 or 24 to 31 (mean square
 * 449.5), and dmin = d · middle, so that each sub-block is centred.
 */
function withSubScales(type: "Q4_K" | "Q5_K", levels: number): Shaper {
  const { blockBytes } = tensorTypes[type];
  const sub = new Uint8Array(8);
  return (bytes, std) => {
    const d = std / spread(levels) / Math.sqrt(449.5);
    const scales = jittered(d);
    const minima = jittered(d * ((levels - 1) / 2));
    for (let p = 0; p < bytes.length; p += blockBytes) {
      const i = (bytes[p] ?? 0) & 31;
      put16(bytes, p, scales[i] ?? 0);
      put16(bytes, p + 2, minima[i] ?? 0);
      const packed = p + 4;
      for (let s = 0; s < 8; s++) sub[s] = ((bytes[packed + s] ?? 0) & 31) | 8;
      for (let s = 0; s < 4; s++) {
        const low = sub[s] ?? 0;
        const high = sub[s + 4] ?? 0;
        bytes[packed + s] = low | ((high >> 4) << 6);
        bytes[packed + s + 4] = low | ((high >> 4) << 6);
        bytes[packed + s + 8] = (high & 15) | ((high & 15) << 4);
      }
    }
  };
}

/** Sixteen signed scales of ±4 … ±7 (mean square 31.5), then d at the block's end. */
const shapeQ6K: Shaper = (bytes, std) => {
  const halves = jittered(std / spread(64) / Math.sqrt(31.5));
  for (let p = 0; p < bytes.length; p += 210) {
    for (let s = p + 192; s < p + 208; s++) {
      const bits = bytes[s] ?? 0;
      const scale = 4 + (bits & 3);
      bytes[s] = bits & 128 ? 256 - scale : scale;
    }
    put16(bytes, p + 208, halves[(bytes[p + 208] ?? 0) & 31] ?? 0);
  }
};

/** An odd quant is never −128, which no quantiser writes. */
const shapeQ8: Shaper = (bytes, std) => {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) | 1;
  scaleQ8(bytes, std);
};
const scaleQ8 = withScale("Q8_0", 0, Math.sqrt((127 * 129) / 3), false); // over the odd numbers from −127 to 127

/** 2^(e−128) is the power of two below the wanted scale or the one above. √34.25 is the root mean square of the sixteen values. */
const shapeMxfp4: Shaper = (bytes, std) => {
  let e = 128;
  for (let scale = 1; scale > std / Math.sqrt(34.25); scale /= 2) e--;
  for (let p = 0; p < bytes.length; p += 17) bytes[p] = e + ((bytes[p] ?? 0) & 1);
};

/** 4096 equal steps over ±√3 · std. */
const steps = (std: number): Float64Array => Float64Array.from({ length: 4096 }, (_, i) => (std * Math.sqrt(3) * (2 * i - 4095)) / 4095);

const fromTable16 =
  (convert: (value: number) => number): Shaper =>
  (bytes, std) => {
    const table = Uint16Array.from(steps(std), convert);
    const values = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    for (let i = 0; i < values.length; i++) values[i] = table[(values[i] ?? 0) & 4095] ?? 0;
  };

const shapeF32: Shaper = (bytes, std) => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let i = 0; i < words.length; i++) floats[i] = std * Math.sqrt(3) * ((words[i] ?? 0) / 2 ** 31 - 1);
};

const shapers: Readonly<Record<TensorType, Shaper>> = {
  F32: shapeF32,
  F16: fromTable16(toHalf),
  BF16: fromTable16(toBfloat),
  Q8_0: shapeQ8,
  Q4_0: withScale("Q4_0", 0, spread(16), true),
  Q4_1: withMinimum("Q4_1", 16),
  Q5_0: withScale("Q5_0", 0, spread(32), true),
  Q5_1: withMinimum("Q5_1", 32),
  Q4_K: withSubScales("Q4_K", 16),
  Q5_K: withSubScales("Q5_K", 32),
  Q6_K: shapeQ6K,
  MXFP4: shapeMxfp4,
};

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 255;
  bytes[at + 1] = value >> 8;
}

function float32Bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
}

/** f16 bits, to nearest; what would be subnormal becomes the smallest normal number. */
function toHalf(value: number): number {
  const bits = float32Bits(Math.sign(value || 1) * Math.max(Math.abs(value), 2 ** -14));
  return ((bits >>> 16) & 0x8000) | (((bits & 0x7fffffff) - 0x38000000 + 0x1000) >> 13);
}

function toBfloat(value: number): number {
  return (float32Bits(value) + 0x8000) >>> 16;
}
