import { F16_BITS, F16_SCALE } from "./constants";

/** Four f16 at p → f32x4; see widenF16. */
export function loadF16x4(p: usize): v128 {
  return widenF16(v128.load16x4_s(p));
}

/**
 * Four f16 that were loaded with their sign → f32x4, exact for every finite value, subnormals included. Infinities and NaN come out as large finite
 * numbers. Shift exponent and mantissa into f32's place and multiply by 2^112. The constants are splat, and loads are written with their offsets as
 * immediates: of a pair's two loads V8 then makes one.
 */
export function widenF16(bits: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(bits, 13), v128.load32_splat(F16_BITS)), v128.load32_splat(F16_SCALE));
}

/** One f16 at p → f32. */
export function loadF16(p: usize): f32 {
  const bits = i32.load16_s(p);
  return reinterpret<f32>((bits << 13) & <i32>0x8fffe000) * reinterpret<f32>(0x77800000);
}

/** f32 → f16 bits, to nearest, ties to even; values past 65504 become infinity, as in IEEE 754. */
export function toF16(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  const sign = (bits >> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  // Below 2^-14 the result is subnormal: adding 0.5 lets the f32 adder round to multiples of 2^-24.
  if (magnitude < 0x38800000) return sign | (reinterpret<u32>(reinterpret<f32>(magnitude) + 0.5) - 0x3f000000);
  return sign | ((magnitude + 0xc8000fff + ((magnitude >> 13) & 1)) >> 13);
}
