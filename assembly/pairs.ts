import { FIRST16 } from "./constants";

/**
 * Sub-block scales come as pairs of i16, one pair to a row's 32-bit lane. To multiply inside dot_i16x8_s a scale is wanted twice in its lane;
 * to multiply i32 it is wanted once. Shifts and masks rather than shuffles: V8 pairs those.
 */

/** (s0, s1) → (s0, s0) */
export function first(pair: v128): v128 {
  return v128.or(v128.and(pair, v128.load32_splat(FIRST16)), i32x4.shl(pair, 16));
}

/** (s0, s1) → (s1, s1) */
export function second(pair: v128): v128 {
  const high = i32x4.shr_u(pair, 16);
  return v128.or(i32x4.shl(high, 16), high);
}

/** (s0, s1) → s0 as i32 */
export function firstWide(pair: v128): v128 {
  return i32x4.shr_s(i32x4.shl(pair, 16), 16);
}

/** (s0, s1) → s1 as i32 */
export function secondWide(pair: v128): v128 {
  return i32x4.shr_s(pair, 16);
}
