import { EXP } from "./constants";

/**
 * exp(x) on four lanes, to about 1 ulp; 0 below −87, and 88 stands for everything above it. −∞ gives 0.
 *
 * Cody and Waite: x = n·ln 2 + r, |r| ≤ ln 2 / 2; the polynomial for exp(r) is Cephes' expf (Moshier). Only operations that
 * IEEE 754 defines to the bit, so that every engine gives the same result. Added to 1.5·2^23 a value is rounded to a whole number, which
 * then stands in the sum's low bits: no conversion is needed.
 */
export function exp4(x: v128): v128 {
  const magic = v128.load32_splat(EXP, 3 * 4);
  const v = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(EXP)), v128.load32_splat(EXP, 4));
  const whole = f32x4.add(f32x4.mul(v, v128.load32_splat(EXP, 2 * 4)), magic);
  const n = f32x4.sub(whole, magic);
  const r = f32x4.sub(f32x4.sub(v, f32x4.mul(n, v128.load32_splat(EXP, 4 * 4))), f32x4.mul(n, v128.load32_splat(EXP, 5 * 4)));
  let p = f32x4.add(f32x4.mul(v128.load32_splat(EXP, 6 * 4), r), v128.load32_splat(EXP, 7 * 4));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 8 * 4));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 9 * 4));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 10 * 4));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 11 * 4));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), v128.load32_splat(EXP, 12 * 4));
  const power = i32x4.shl(i32x4.add(whole, v128.load32_splat(EXP, 13 * 4)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, v128.load32_splat(EXP, 4)));
}

/** exp of one value, the same bits as a lane of exp4. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** 1 / (1 + exp(−x)) on four lanes. */
export function sigmoid4(x: v128): v128 {
  const one = v128.load32_splat(EXP, 12 * 4);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}
