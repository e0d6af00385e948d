/**
 * Sums of a quad's products: pairs in i16 in the relaxed build, which still have to be added, whole in i32 in the plain one.
 *
 * Tiles do the same operations on quad a and quad b, so that V8 can pair them, and carry their sums through short loops. Of a whole block in one
 * expression Binaryen makes all of quad a and then all of b, and V8, which loads an activation once for both, keeps those of the block on the
 * stack in between: Q4_0's four rows ran at two thirds of their speed in every third process. Low and high nibbles in one
 * loop are too many as well: in a loop each, four rows are a tenth faster unpaired.
 */
import { first, firstWide, second, secondWide } from "./pairs";

/**
 * Two chunks of four columns, weights as bytes of at most 63: at most 2 · 2 · 127 · 63 in an i16. `even`: i16x8 255. The plain build's activations
 * are in the order of even bytes, then odd ones (quantizeRow.ts).
 */
export function byteDots(x: usize, w0: v128, w1: v128, even: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD)
    return i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), w0), v128.relaxed_dot<i16>(v128.load32_splat(x, 4), w1));
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), v128.and(w0, even)), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), i16x8.shr_u(w0, 8))),
    i32x4.add(
      i32x4.dot_i16x8_s(v128.load32_splat(x, 8), v128.and(w1, even)),
      i32x4.dot_i16x8_s(v128.load32_splat(x, 12), i16x8.shr_u(w1, 8)),
    ),
  );
}

/** The sums in i32. `ones`: i16x8 1. */
export function whole(sums: v128, ones: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i32x4.dot_i16x8_s(sums, ones) : sums;
}

/** acc + scale · sums, scale by firstScale or secondScale. */
export function scaled(acc: v128, sums: v128, scale: v128): v128 {
  return i32x4.add(acc, ASC_FEATURE_RELAXED_SIMD ? i32x4.dot_i16x8_s(sums, scale) : i32x4.mul(sums, scale));
}

/** Of a pair of scales the first: twice in its lane, or once. */
export function firstScale(pair: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? first(pair) : firstWide(pair);
}

/** The second. */
export function secondScale(pair: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? second(pair) : secondWide(pair);
}
