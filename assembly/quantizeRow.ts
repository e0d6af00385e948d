/**
 * One row of activations f32[n] → int8 blocks, d = amax / 127, q = nearest(x / d), |q| ≤ 127.
 *
 * A block of quantizeRow32 (and of quantizeRow32Wide, always wide); n a multiple of 32:
 *
 *     narrow │ q i8[32]             │ d f32 │ Σq i32 │   40 bytes   relaxed build: int8 dots
 *     wide   │ q i16[32], permuted  │ d f32 │ Σq i32 │   72 bytes   plain build, and Q8_0 in both: int16 dots
 *
 * A block of quantizeRow256; n a multiple of 256:
 *
 *     │ q i8[256] or i16[256], permuted │ Σq i16[8], per 32 │ Σq i16[16], per 16 │ d f32 │ 12 bytes free │   320 or 576 bytes
 *
 * Permuted: every four columns are stored 0, 2, 1, 3, which is the order in which 16-bit lanes give up packed bytes and nibbles.
 */
import { ABS, MAGIC, ONES } from "./constants";

export const WIDE_BLOCK32: usize = 72;
export const WIDE_D32: usize = 64;
export const WIDE_SUM32: usize = 68;
export const BLOCK32: usize = ASC_FEATURE_RELAXED_SIMD ? 40 : WIDE_BLOCK32;
export const D32: usize = ASC_FEATURE_RELAXED_SIMD ? 32 : WIDE_D32;
export const SUM32: usize = ASC_FEATURE_RELAXED_SIMD ? 36 : WIDE_SUM32;

export const Q256: usize = ASC_FEATURE_RELAXED_SIMD ? 256 : 512;
export const SUMS32: usize = Q256;
export const SUMS16: usize = Q256 + 16;
export const D256: usize = Q256 + 48;
export const BLOCK256: usize = Q256 + 64;

/** q: n/32 blocks of 40 (relaxed build) or 72 bytes (plain); x: f32[n]. */
export function quantizeRow32(q: usize, x: usize, n: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    assert((n & 31) == 0, "quantizeRow32: n must be a multiple of 32");
    const end = x + ((<usize>n) << 2);
    for (; x < end; x += 128, q += 40) {
      const amax = absoluteMax32(x, 0);
      const sums = quantize32(q, x, inverse(amax));
      f32.store(q, amax / 127, 32);
      i32.store(q, i16x8.extract_lane_s(sums, 0) + i16x8.extract_lane_s(sums, 1), 36);
    }
  } else quantizeRow32Wide(q, x, n);
}

/** q: n/32 blocks of 72 bytes; x: f32[n]. */
export function quantizeRow32Wide(q: usize, x: usize, n: i32): void {
  assert((n & 31) == 0, "quantizeRow32Wide: n must be a multiple of 32");
  const end = x + ((<usize>n) << 2);
  for (; x < end; x += 128, q += 72) {
    const amax = absoluteMax32(x, 0);
    const sums = quantize32Wide(q, x, inverse(amax));
    f32.store(q, amax / 127, 64);
    i32.store(q, i16x8.extract_lane_s(sums, 0) + i16x8.extract_lane_s(sums, 1), 68);
  }
}

/** q: n/256 blocks of 320 (relaxed build) or 576 bytes (plain); x: f32[n]. */
export function quantizeRow256(q: usize, x: usize, n: i32): void {
  assert((n & 255) == 0, "quantizeRow256: n must be a multiple of 256");
  const end = x + ((<usize>n) << 2);
  for (; x < end; x += 1024, q += BLOCK256) {
    let amax: f32 = 0;
    for (let o: usize = 0; o < 1024; o += 128) amax = absoluteMax32(x + o, amax);
    const scale = inverse(amax);
    for (let b: usize = 0; b < 8; b++) {
      const sums = ASC_FEATURE_RELAXED_SIMD
        ? quantize32(q + (b << 5), x + (b << 7), scale)
        : quantize32Wide(q + (b << 6), x + (b << 7), scale);
      const first = i16x8.extract_lane_s(sums, 0),
        second = i16x8.extract_lane_s(sums, 1);
      i32.store16(q + (b << 1), first + second, SUMS32);
      i32.store16(q + (b << 2), first, SUMS16);
      i32.store16(q + (b << 2), second, SUMS16 + 2);
    }
    f32.store(q, amax / 127, D256);
  }
}

/** max(seed, |x[0…31]|). Without signs, floats are in the order of their bits as integers; a NaN comes after all of them, and stays. */
function absoluteMax32(x: usize, seed: f32): f32 {
  const abs = v128.load(ABS);
  let a = i32x4.max_s(v128.and(v128.load(x), abs), v128.and(v128.load(x, 16), abs));
  a = i32x4.max_s(a, i32x4.max_s(v128.and(v128.load(x, 32), abs), v128.and(v128.load(x, 48), abs)));
  a = i32x4.max_s(a, i32x4.max_s(v128.and(v128.load(x, 64), abs), v128.and(v128.load(x, 80), abs)));
  a = i32x4.max_s(a, i32x4.max_s(v128.and(v128.load(x, 96), abs), v128.and(v128.load(x, 112), abs)));
  a = i32x4.max_s(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  a = i32x4.max_s(a, v128.shuffle<i32>(a, a, 1, 0, 3, 2));
  return max(seed, f32x4.extract_lane(a, 0));
}

/** 127 / amax; 0 where amax is too small to be inverted. */
export function inverse(amax: f32): f32 {
  return amax > 1e-35 ? 127 / amax : 0;
}

/** Rounds 32 values to int8 at q. i16 lanes 0 and 1 of the result: the sums of the first and the last 16. */
function quantize32(q: usize, x: usize, scale: f32): v128 {
  const s = f32x4.splat(scale);
  const a = narrow(x, s),
    b = narrow(x + 32, s),
    c = narrow(x + 64, s),
    d = narrow(x + 96, s);
  v128.store(q, i8x16.narrow_i16x8_s(a, b));
  v128.store(q, i8x16.narrow_i16x8_s(c, d), 16);
  return sums16(i16x8.add(a, b), i16x8.add(c, d));
}

function quantize32Wide(q: usize, x: usize, scale: f32): v128 {
  const s = f32x4.splat(scale);
  const a = narrow(x, s),
    b = narrow(x + 32, s),
    c = narrow(x + 64, s),
    d = narrow(x + 96, s);
  v128.store(q, permute(a));
  v128.store(q, permute(b), 16);
  v128.store(q, permute(c), 32);
  v128.store(q, permute(d), 48);
  return sums16(i16x8.add(a, b), i16x8.add(c, d));
}

/** Eight values, rounded to nearest, as i16. */
function narrow(x: usize, s: v128): v128 {
  return i16x8.narrow_i32x4_s(round(f32x4.mul(v128.load(x), s)), round(f32x4.mul(v128.load(x, 16), s)));
}

/** To the nearest whole number, a tie to the even one, |v| < 2^22. */
function round(v: v128): v128 {
  const magic = v128.load(MAGIC);
  return i32x4.sub(f32x4.add(v, magic), magic);
}

function permute(v: v128): v128 {
  return v128.shuffle<i16>(v, v, 0, 2, 1, 3, 4, 6, 5, 7);
}

/** Lane 0: the sum of a's eight i16; lane 1: of b's. */
function sums16(a: v128, b: v128): v128 {
  const ones = v128.load(ONES);
  const p = i32x4.dot_i16x8_s(a, ones),
    q = i32x4.dot_i16x8_s(b, ones);
  const halves = i32x4.add(v128.shuffle<i32>(p, q, 0, 4, 1, 5), v128.shuffle<i32>(p, q, 2, 6, 3, 7));
  return i16x8.narrow_i32x4_s(i32x4.add(halves, v128.shuffle<i32>(halves, halves, 2, 3, 0, 1)), halves);
}
