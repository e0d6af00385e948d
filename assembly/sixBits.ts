/** Q6_K's weights out of the bytes that hold them (formats/q6_k.ts), and what a super-block's sums become. */
import { first, firstWide } from "./pairs";
import { D256, SUMS16 } from "./quantizeRow";
import { scaled } from "./sums";

/** 1 where an activation takes two bytes. */
export const WIDE: usize = ASC_FEATURE_RELAXED_SIMD ? 0 : 1;

/** The fourth sub-block's weights: two bits of each of the others' bytes. */
export function high(x: v128, y: v128, z: v128, low: v128): v128 {
  const xy = v128.or(i16x8.shr_u(v128.andnot(x, low), 2), v128.andnot(y, low));
  return i16x8.shr_u(v128.or(i16x8.shr_u(xy, 2), v128.andnot(z, low)), 2);
}

/** acc + a chunk, of whose weights each lane has two: both at once, then the second alone, its activation `less` what the first makes of it. */
export function chunk(acc: v128, x0: v128, x1: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.add(i32x4.dot_i16x8_s(x0, w), i32x4.dot_i16x8_s(x1, i16x8.shr_u(w, 8))));
}

/*
 * A sub-block's weights as vectors of two kinds that meet eight bytes of activations: two chunks of four columns, as bytes; in the plain build the even
 * and the odd columns of one, as i16. There, for four rows (T: u32), weights are scaled (at most 63 · 128), once for all, and not the sums.
 *
 * m: where a sub-block's chunk begins; the next one is 96 bytes on. low: i8x16 63; six: the same, in the plain build i16x8 63.
 */

/** Bytes of a sub-block's activations. */
export const SPAN: usize = 16 << WIDE;

/** Bytes of weights for each byte of activations. */
export const STEP: usize = 24 >> WIDE;

/** Of the first three sub-blocks. */
export function low0<Q, T>(m: usize, scale: v128, six: v128): v128 {
  return prepared<T>(v128.and(v128.load(m, sizeof<Q>() == 1 ? 144 : 160), six), scale);
}

export function low1<Q, T>(m: usize, scale: v128, six: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.and(v128.load(m, sizeof<Q>() == 1 ? 240 : 256), six);
  return prepared<T>(v128.and(i16x8.shr_u(v128.load(m, sizeof<Q>() == 1 ? 144 : 160), 8), six), scale);
}

/** Of the fourth. */
export function high0<Q, T>(m: usize, scale: v128, low: v128, six: v128): v128 {
  const w = fourth<Q>(m, low);
  return ASC_FEATURE_RELAXED_SIMD ? w : prepared<T>(v128.and(w, six), scale);
}

export function high1<Q, T>(m: usize, scale: v128, low: v128): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return prepared<T>(i16x8.shr_u(fourth<Q>(m, low), 8), scale);
  if (sizeof<Q>() == 1) return high(v128.load(m, 144), v128.load(m, 176), v128.load(m, 208), low);
  return high(v128.load(m, 160), v128.load(m, 192), v128.load(m, 224), low);
}

function fourth<Q>(m: usize, low: v128): v128 {
  if (sizeof<Q>() == 1) return high(v128.load(m, 48), v128.load(m, 80), v128.load(m, 112), low);
  return high(v128.load(m, 64), v128.load(m, 96), v128.load(m, 128), low);
}

function prepared<T>(w: v128, scale: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD || sizeof<T>() < 4 ? w : i16x8.mul(w, scale);
}

/** Of a pair of scales the first: once in its lane where i32 are multiplied, else twice. */
export function scaleOf<T>(pair: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD || sizeof<T>() == 4 ? first(pair) : firstWide(pair);
}

/** acc + scale · x · w */
export function dots<T>(acc: v128, x: usize, w0: v128, w1: v128, scale: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD)
    return scaled(
      acc,
      i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), w0), v128.relaxed_dot<i16>(v128.load32_splat(x, 4), w1)),
      scale,
    );
  const sums = i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), w0), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), w1));
  return sizeof<T>() < 4 ? scaled(acc, sums, scale) : i32x4.add(acc, sums);
}

/** acc + two chunks of one of the first three sub-blocks, in the relaxed build. */
export function lows<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128): v128 {
  const scale = first(v128.load8x8_s(scales, sizeof<Q>() == 1 ? 16 : 24));
  return dots<u8>(acc, x, low0<Q, u8>(m, scale, low), low1<Q, u8>(m, scale, low), scale);
}

/** acc + two chunks of the fourth. */
export function highs<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128): v128 {
  const scale = first(v128.load8x8_s(scales, sizeof<Q>() == 1 ? 16 : 24));
  return dots<u8>(acc, x, high0<Q, u8>(m, scale, low, low), high1<Q, u8>(m, scale, low), scale);
}

/** Σ over eight sub-blocks of scale · Σx: what 32 times the offset of the weights takes off. No loop: V8 pairs within a block of code. */
export function offsets(scales: usize, x: usize): v128 {
  let sum = i32x4.dot_i16x8_s(v128.load8x8_s(scales), v128.load32_splat(x, SUMS16));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(scales, 16), v128.load32_splat(x, SUMS16 + 4)));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(scales, 32), v128.load32_splat(x, SUMS16 + 8)));
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_s(scales, 48), v128.load32_splat(x, SUMS16 + 12)));
}

/** acc + (d_w · d_x) · (Σ scale·q·x − 32 · Σ scale·Σx), the latter in two parts */
export function block(acc: v128, dot: v128, low: v128, high: v128, d: v128, x: usize): v128 {
  const q = i32x4.sub(dot, i32x4.shl(i32x4.add(low, high), 5));
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, D256)), f32x4.convert_i32x4_s(q)));
}
