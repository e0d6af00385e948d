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
  return products(acc, v128.load32_splat(x), v128.load32_splat(x, 4), w0, w1);
}

/*
 * One row unpacks for itself alone, so that each operation counts. In the plain build its nibbles may have others above them in their lane: what an
 * activation makes of those is taken from theirs (`less`). Of a lane's n0, n1, n2 and n3 (low, high, low, high),
 *
 *     Q4_0, one sum for all:      n0, n2 + 16·n3; n1 + 16·n2 + 256·n3, n3          four operations, and not six
 *     Q4_K, a sum for each half:  n0 + 256·n2, n2; 16·n1 and, sixteenfold, n3
 */

/** acc + low nibbles, beside `openHighs`. `nibble`: as for low0. x1: less(x1, activations of the first high nibbles, 4). */
export function openLows<Q>(acc: v128, x0: v128, x1: v128, v: usize, nibble: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return products(acc, x0, x1, low0<Q>(v, nibble), low1<Q>(v, nibble));
  return products(acc, x0, x1, low0<Q>(v, nibble), i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), 8));
}

/** acc + high nibbles. x1: less(x1, activations of the second low nibbles, 4). */
export function openHighs<Q>(acc: v128, x0: v128, x1: v128, v: usize, nibble: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return products(acc, x0, x1, high0<Q>(v, nibble), high1<Q>(v, nibble));
  return products(acc, x0, x1, i16x8.shr_u(v128.load(v, sizeof<Q>() == 1 ? 0 : 16), 4), high1<Q>(v, nibble));
}

/** acc + low nibbles alone. `nibble`: i8x16 15. x1: less(x1, x0, 8). */
export function lows<Q>(acc: v128, x0: v128, x1: v128, v: usize, nibble: v128): v128 {
  const first = low0<Q>(v, nibble);
  return products(acc, x0, x1, first, ASC_FEATURE_RELAXED_SIMD ? low1<Q>(v, nibble) : i16x8.shr_u(first, 8));
}

/** acc + high nibbles alone, sixteenfold in the plain build. `upper`: i16x8 240 there. x1: sixteenfold(x1). */
export function highs<Q>(acc: v128, x0: v128, x1: v128, v: usize, upper: v128): v128 {
  return products(acc, x0, x1, ASC_FEATURE_RELAXED_SIMD ? high0<Q>(v, upper) : low0<Q>(v, upper), high1<Q>(v, upper));
}

/** x − (y << bits): of activations at most 127 · 257. */
export function less(x: v128, y: v128, bits: i32): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? x : i16x8.sub(x, i16x8.shl(y, bits));
}

export function sixteenfold(x: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? x : i16x8.shl(x, 4);
}

export function sixteenth(sums: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? sums : i32x4.shr_s(sums, 4);
}

/** dots, of activations that are in all lanes already. */
function products(acc: v128, x0: v128, x1: v128, w0: v128, w1: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.add(i16x8.add(acc, v128.relaxed_dot<i16>(x0, w0)), v128.relaxed_dot<i16>(x1, w1));
  return i32x4.add(acc, i32x4.add(i32x4.dot_i16x8_s(x0, w0), i32x4.dot_i16x8_s(x1, w1)));
}
