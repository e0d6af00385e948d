import { BYTE16, HIGH1, NIBBLE, ONES } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { firstWide, secondWide } from "../pairs";
import { BLOCK32, D32, SUM32 } from "../quantizeRow";
import { byteDots, whole } from "../sums";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q5_K's octets (formats/q5_k.ts), x in rows of quantizeRow32.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 256;
 * outputs from … to, multiples of 8. Per output the additions are two a sub-block of 32 columns, in order, whatever the tile.
 *
 * Activations in blocks of 32, not of 256 as for Q4_K and Q6_K: with those, one router decision of the golden files flipped.
 */
export function matmulQ5_K(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 255) == 0, "matmulQ5_K: cols must be a multiple of 256");
  assert(((from | to) & 7) == 0, "matmulQ5_K: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 8) * 1440;
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + ((<usize>octet) << 2);
    let input = x;
    let left = nRows;
    for (; left >= 4; left -= 4, out += yStride << 2, input += xStride << 2) tile<u32>(out, yStride, input, xStride, weights, end);
    if (left >= 2) {
      tile<u16>(out, yStride, input, xStride, weights, end);
      out += yStride << 1;
      input += xStride << 1;
    }
    if (left & 1) tile<u8>(out, yStride, input, xStride, weights, end);
  }
}

/** 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, so that V8 can pair them. */
function tile<T>(y: usize, yStride: usize, x0: usize, xStride: usize, w: usize, end: usize): void {
  let x1 = x0 + xStride;
  let x2 = x1 + xStride;
  let x3 = x2 + xStride;
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  // In the one-row tile a constant would be built anew each time; in the others the masked weights are shared by the rows.
  const even = sizeof<T>() == 1 ? v128.load(BYTE16) : i16x8.splat(255);
  const nibble = v128.load(NIBBLE),
    high = v128.load(HIGH1),
    ones = v128.load(ONES);
  for (; w < end; w += 1440) {
    const ad = loadF16x4(w),
      bd = widenF16(v128.load16x4_s(w, 8)),
      am = widenF16(v128.load16x4_s(w, 16)),
      bm = widenF16(v128.load16x4_s(w, 24));
    for (let g: i32 = 0; g < 4; g++) {
      const p = w + ((<usize>g) << 8),
        scales = w + ((<usize>g) << 4);
      let al0 = i32x4.splat(0),
        ah0 = al0,
        bl0 = al0,
        bh0 = al0,
        al1 = al0,
        ah1 = al0,
        bl1 = al0,
        bh1 = al0;
      let al2 = al0,
        ah2 = al0,
        bl2 = al0,
        bh2 = al0,
        al3 = al0,
        ah3 = al0,
        bl3 = al0,
        bh3 = al0;
      // Bits 2g and 2g + 1 of a byte are the fifth bits of the low and the high nibble.
      for (let c: usize = 0; c < 8; c += 2) {
        const av0 = v128.load(p + (c << 5), 416),
          af0 = i16x8.shr_u(v128.load(w + (c << 5), 160), g << 1);
        const ax0 = v128.or(v128.and(av0, nibble), v128.and(i16x8.shl(af0, 4), high));
        const ay0 = v128.or(v128.and(i16x8.shr_u(av0, 4), nibble), v128.and(i16x8.shl(af0, 3), high));
        const av1 = v128.load(p + (c << 5), 448),
          af1 = i16x8.shr_u(v128.load(w + (c << 5), 192), g << 1);
        const ax1 = v128.or(v128.and(av1, nibble), v128.and(i16x8.shl(af1, 4), high));
        const ay1 = v128.or(v128.and(i16x8.shr_u(av1, 4), nibble), v128.and(i16x8.shl(af1, 3), high));
        al0 = dots(al0, x0 + (c << SHIFT), ax0, ax1, ones, even);
        if (sizeof<T>() > 1) al1 = dots(al1, x1 + (c << SHIFT), ax0, ax1, ones, even);
        if (sizeof<T>() > 2) {
          al2 = dots(al2, x2 + (c << SHIFT), ax0, ax1, ones, even);
          al3 = dots(al3, x3 + (c << SHIFT), ax0, ax1, ones, even);
        }
        ah0 = dots(ah0, x0 + (c << SHIFT) + BLOCK32, ay0, ay1, ones, even);
        if (sizeof<T>() > 1) ah1 = dots(ah1, x1 + (c << SHIFT) + BLOCK32, ay0, ay1, ones, even);
        if (sizeof<T>() > 2) {
          ah2 = dots(ah2, x2 + (c << SHIFT) + BLOCK32, ay0, ay1, ones, even);
          ah3 = dots(ah3, x3 + (c << SHIFT) + BLOCK32, ay0, ay1, ones, even);
        }
        const bv0 = v128.load(p + (c << 5), 432),
          bf0 = i16x8.shr_u(v128.load(w + (c << 5), 176), g << 1);
        const bx0 = v128.or(v128.and(bv0, nibble), v128.and(i16x8.shl(bf0, 4), high));
        const by0 = v128.or(v128.and(i16x8.shr_u(bv0, 4), nibble), v128.and(i16x8.shl(bf0, 3), high));
        const bv1 = v128.load(p + (c << 5), 464),
          bf1 = i16x8.shr_u(v128.load(w + (c << 5), 208), g << 1);
        const bx1 = v128.or(v128.and(bv1, nibble), v128.and(i16x8.shl(bf1, 4), high));
        const by1 = v128.or(v128.and(i16x8.shr_u(bv1, 4), nibble), v128.and(i16x8.shl(bf1, 3), high));
        bl0 = dots(bl0, x0 + (c << SHIFT), bx0, bx1, ones, even);
        if (sizeof<T>() > 1) bl1 = dots(bl1, x1 + (c << SHIFT), bx0, bx1, ones, even);
        if (sizeof<T>() > 2) {
          bl2 = dots(bl2, x2 + (c << SHIFT), bx0, bx1, ones, even);
          bl3 = dots(bl3, x3 + (c << SHIFT), bx0, bx1, ones, even);
        }
        bh0 = dots(bh0, x0 + (c << SHIFT) + BLOCK32, by0, by1, ones, even);
        if (sizeof<T>() > 1) bh1 = dots(bh1, x1 + (c << SHIFT) + BLOCK32, by0, by1, ones, even);
        if (sizeof<T>() > 2) {
          bh2 = dots(bh2, x2 + (c << SHIFT) + BLOCK32, by0, by1, ones, even);
          bh3 = dots(bh3, x3 + (c << SHIFT) + BLOCK32, by0, by1, ones, even);
        }
      }
      const as = v128.load8x8_u(scales, 32),
        at = v128.load8x8_u(scales, 96);
      const adl = f32x4.mul(ad, f32x4.convert_i32x4_s(firstWide(as))),
        aml = f32x4.mul(am, f32x4.convert_i32x4_s(firstWide(at)));
      const adh = f32x4.mul(ad, f32x4.convert_i32x4_s(secondWide(as))),
        amh = f32x4.mul(am, f32x4.convert_i32x4_s(secondWide(at)));
      const bs = v128.load8x8_u(scales, 40),
        bt = v128.load8x8_u(scales, 104);
      const bdl = f32x4.mul(bd, f32x4.convert_i32x4_s(firstWide(bs))),
        bml = f32x4.mul(bm, f32x4.convert_i32x4_s(firstWide(bt)));
      const bdh = f32x4.mul(bd, f32x4.convert_i32x4_s(secondWide(bs))),
        bmh = f32x4.mul(bm, f32x4.convert_i32x4_s(secondWide(bt)));
      a0 = block(a0, al0, adl, aml, x0);
      if (sizeof<T>() > 1) a1 = block(a1, al1, adl, aml, x1);
      if (sizeof<T>() > 2) {
        a2 = block(a2, al2, adl, aml, x2);
        a3 = block(a3, al3, adl, aml, x3);
      }
      a0 = block(a0, ah0, adh, amh, x0 + BLOCK32);
      if (sizeof<T>() > 1) a1 = block(a1, ah1, adh, amh, x1 + BLOCK32);
      if (sizeof<T>() > 2) {
        a2 = block(a2, ah2, adh, amh, x2 + BLOCK32);
        a3 = block(a3, ah3, adh, amh, x3 + BLOCK32);
      }
      b0 = block(b0, bl0, bdl, bml, x0);
      if (sizeof<T>() > 1) b1 = block(b1, bl1, bdl, bml, x1);
      if (sizeof<T>() > 2) {
        b2 = block(b2, bl2, bdl, bml, x2);
        b3 = block(b3, bl3, bdl, bml, x3);
      }
      b0 = block(b0, bh0, bdh, bmh, x0 + BLOCK32);
      if (sizeof<T>() > 1) b1 = block(b1, bh1, bdh, bmh, x1 + BLOCK32);
      if (sizeof<T>() > 2) {
        b2 = block(b2, bh2, bdh, bmh, x2 + BLOCK32);
        b3 = block(b3, bh3, bdh, bmh, x3 + BLOCK32);
      }
      x0 += BLOCK32 * 2;
      if (sizeof<T>() > 1) x1 += BLOCK32 * 2;
      if (sizeof<T>() > 2) {
        x2 += BLOCK32 * 2;
        x3 += BLOCK32 * 2;
      }
    }
  }
  v128.store(y, a0);
  v128.store(y, b0, 16);
  if (sizeof<T>() > 1) {
    v128.store(y + yStride, a1);
    v128.store(y + yStride, b1, 16);
  }
  if (sizeof<T>() > 2) {
    v128.store(y + yStride * 2, a2);
    v128.store(y + yStride * 2, b2, 16);
    v128.store(y + yStride * 3, a3);
    v128.store(y + yStride * 3, b3, 16);
  }
}

/** A chunk is four columns of activations: 4 bytes, or 8 where they are wide. */
const SHIFT: usize = ASC_FEATURE_RELAXED_SIMD ? 2 : 3;

/** acc + two chunks of four columns. */
function dots(acc: v128, x: usize, w0: v128, w1: v128, ones: v128, even: v128): v128 {
  return i32x4.add(acc, whole(byteDots(x, w0, w1, even), ones));
}

/** acc + (d·scale · d_x) · Σ q·x − (dmin·min · d_x) · Σ x */
function block(acc: v128, dot: v128, d: v128, m: v128, x: usize): v128 {
  const dx = v128.load32_splat(x, D32);
  acc = f32x4.add(acc, f32x4.mul(f32x4.mul(d, dx), f32x4.convert_i32x4_s(dot)));
  return f32x4.sub(acc, f32x4.mul(f32x4.mul(m, dx), f32x4.convert_i32x4_s(v128.load32_splat(x, SUM32))));
}
