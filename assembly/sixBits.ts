/** Q6_K's weights out of the bytes that hold them (formats/q6_k.ts), and what a super-block's sums become. */
import { D256, SUMS16 } from "./quantizeRow";
import { byteDots, firstScale, scaled } from "./sums";

/** 1 where an activation takes two bytes. */
export const WIDE: usize = ASC_FEATURE_RELAXED_SIMD ? 0 : 1;

/** acc + scale · two chunks of four columns. */
export function subBlock(acc: v128, x: usize, w0: v128, w1: v128, scale: v128, even: v128): v128 {
  return scaled(acc, byteDots(x, w0, w1, even), scale);
}

/** The fourth sub-block's weights: two bits of each of the others' bytes. */
export function high(x: v128, y: v128, z: v128, low: v128): v128 {
  const xy = v128.or(i16x8.shr_u(v128.andnot(x, low), 2), v128.andnot(y, low));
  return i16x8.shr_u(v128.or(i16x8.shr_u(xy, 2), v128.andnot(z, low)), 2);
}

/** acc + a chunk, of whose weights each lane has two: both at once, then the second alone, its activation `less` what the first makes of it. */
export function chunk(acc: v128, x0: v128, x1: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.add(i32x4.dot_i16x8_s(x0, w), i32x4.dot_i16x8_s(x1, i16x8.shr_u(w, 8))));
}

/** acc + two chunks of one of the first three sub-blocks. */
export function lowBits<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128, even: v128): v128 {
  const q: usize = sizeof<Q>() == 1 ? 0 : 16;
  const w0 = v128.and(v128.load(m + q, 144), low),
    w1 = v128.and(v128.load(m + q, 240), low);
  return subBlock(acc, x, w0, w1, firstScale(v128.load8x8_s(scales + (q >> 1), 16)), even);
}

/** acc + two chunks of the fourth. */
export function highBits<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128, even: v128): v128 {
  const q: usize = sizeof<Q>() == 1 ? 0 : 16;
  const w0 = high(v128.load(m + q, 48), v128.load(m + q, 80), v128.load(m + q, 112), low),
    w1 = high(v128.load(m + q, 144), v128.load(m + q, 176), v128.load(m + q, 208), low);
  return subBlock(acc, x, w0, w1, firstScale(v128.load8x8_s(scales + (q >> 1), 16)), even);
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
