/**
 * Two vectors of weights out of packed nibbles, and their products with one row's activations. In the relaxed build they are two chunks of four
 * columns, as bytes; in the plain one the even and the odd columns of one chunk, as i16. Either way they meet eight bytes of activations.
 *
 * v: where a chunk of a quad begins; the next chunk of the same quad is 32 bytes on.
 */

/** Eight bytes of activations meet so many bytes of weights, as a shift: 64 (two chunks of both quads) or 32 (one). */
export const SHIFT: usize = ASC_FEATURE_RELAXED_SIMD ? 3 : 2;

/** Which quad, as a type: an offset has to be an immediate, for V8 to make one load of a pair's two. */
export type A = u8;
export type B = u16;

export function low0<Q>(v: usize, nibble: v128): v128 {
  return v128.and(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), nibble);
}

export function low1<Q>(v: usize, nibble: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.and(v128.load(v, sizeof<Q>() == 1 ? 32 : 48), nibble);
  return v128.and(i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), 8), nibble);
}

export function high0<Q>(v: usize, nibble: v128): v128 {
  return v128.and(i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), 4), nibble);
}

export function high1<Q>(v: usize, nibble: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.and(i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 32 : 48), 4), nibble);
  return i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), 12);
}

/** acc + x · w: in i16, up to 4 · 127 · 15 more in a lane (relaxed), or in i32 (plain). */
export function dots(acc: v128, x: usize, w0: v128, w1: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD)
    return i16x8.add(i16x8.add(acc, v128.relaxed_dot<i16>(v128.load32_splat(x), w0)), v128.relaxed_dot<i16>(v128.load32_splat(x, 4), w1));
  return i32x4.add(acc, i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), w0), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), w1)));
}
