/**
 * Constant vectors live in memory, at the first addresses of every bank: kernels load them at the top, so that they stay opaque.
 * A v128.const inside a loop is rebuilt by V8 on every turn, at twice the cost of the loop.
 */
export const NIBBLE: usize = 0; //        i8x16 15
export const F16_BITS: usize = 16; //     i32x4 0x8fffe000: sign, exponent and mantissa of an f16 shifted left by 13
export const F16_SCALE: usize = 32; //    f32x4 2^112: the difference of the exponents' biases
export const ONES: usize = 48; //         i16x8 1
export const NIBBLE16: usize = 64; //     i16x8 15
export const LOW6: usize = 80; //         i8x16 63
export const HIGH1: usize = 96; //        i8x16 0x10: where Q5_K's high bit belongs
export const E2M1: usize = 112; //        i8x16 MXFP4's sixteen values, doubled, plus 12
export const MAGIC: usize = 128; //       f32x4 1.5·2^23: a sum with it is rounded to a whole number, which its low bits hold
export const ABS: usize = 144; //         i32x4 0x7fffffff
export const BYTE16: usize = 160; //      i16x8 255
export const FIRST16: usize = 176; //     i32 0xffff, to be splat
export const EXP: usize = 192; //         f32 each: what exp4 needs, to be splat: V8 pairs splats, not loads of one vector
export const LESS8: usize = 256; //       i32x4 0xfff8: as pairs of i16, −8 and 0

/** Writes the table. Once per bank, before any other kernel. */
export function init(): void {
  v128.store(NIBBLE, i8x16.splat(15));
  v128.store(F16_BITS, i32x4.splat(<i32>0x8fffe000));
  v128.store(F16_SCALE, i32x4.splat(0x77800000));
  v128.store(ONES, i16x8.splat(1));
  v128.store(NIBBLE16, i16x8.splat(15));
  v128.store(LOW6, i8x16.splat(63));
  v128.store(HIGH1, i8x16.splat(0x10));
  v128.store(E2M1, i8x16(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
  v128.store(BYTE16, i16x8.splat(255));
  v128.store(FIRST16, i32x4.splat(0xffff));
  f32.store(EXP, 88);
  f32.store(EXP, -87, 4);
  f32.store(EXP, 1.44269504088896341, 2 * 4); // 1 / ln 2
  f32.store(EXP, 12582912, 3 * 4); // 1.5·2^23
  f32.store(EXP, 0.693359375, 4 * 4); // ln 2, its upper bits
  f32.store(EXP, -2.1219444e-4, 5 * 4); // and the rest
  f32.store(EXP, 1.98756915e-4, 6 * 4);
  f32.store(EXP, 1.3981999507e-3, 7 * 4);
  f32.store(EXP, 8.3334519073e-3, 8 * 4);
  f32.store(EXP, 4.1665795894e-2, 9 * 4);
  f32.store(EXP, 1.6666665459e-1, 10 * 4);
  f32.store(EXP, 5.0000001201e-1, 11 * 4);
  f32.store(EXP, 1, 12 * 4);
  i32.store(EXP, 127, 13 * 4);
  v128.store(LESS8, i32x4.splat(0xfff8));
  v128.store(MAGIC, f32x4.splat(12582912));
  v128.store(ABS, i32x4.splat(0x7fffffff));
}
