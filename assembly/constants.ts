/**
 * Constant vectors live in memory, at the first addresses of every bank: kernels load them at the top, so that they stay opaque.
 * A v128.const inside a loop is rebuilt by V8 on every turn, at twice the cost of the loop.
 */
export const NIBBLE: usize = 0; //        i8x16 15
export const F16_BITS: usize = 16; //     i32x4 0x8fffe000: sign, exponent and mantissa of an f16 shifted left by 13
export const F16_SCALE: usize = 32; //    f32x4 2^112: the difference of the exponents' biases
export const ONES: usize = 48; //         i16x8 1
export const NIBBLE16: usize = 64; //     i16x8 15
export const HIGH2: usize = 80; //        i8x16 0x30: where Q6_K's two high bits belong
export const HIGH1: usize = 96; //        i8x16 0x10: where Q5_K's high bit belongs
export const E2M1: usize = 112; //        i8x16 MXFP4's sixteen values, doubled, plus 12

/** Writes the table. Once per bank, before any other kernel. */
export function init(): void {
  v128.store(NIBBLE, i8x16.splat(15));
  v128.store(F16_BITS, i32x4.splat(<i32>0x8fffe000));
  v128.store(F16_SCALE, i32x4.splat(0x77800000));
  v128.store(ONES, i16x8.splat(1));
  v128.store(NIBBLE16, i16x8.splat(15));
  v128.store(HIGH2, i8x16.splat(0x30));
  v128.store(HIGH1, i8x16.splat(0x10));
  v128.store(E2M1, i8x16(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
}
