import { HIGH1, NIBBLE } from "../constants";
import { loadF16x4 } from "../f16";
import { first, firstWide, second, secondWide } from "../pairs";
import { BLOCK256, D256, SUMS32 } from "../quantizeRow";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q5_K's octets (formats/q5_k.ts), x in rows of quantizeRow256.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 256;
 * outputs from … to, multiples of 8. Per output the additions are two a super-block of 256 columns, in order, whatever the tile.
 */
export function matmulQ5_K(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 255) == 0, "matmulQ5_K: cols must be a multiple of 256");
  assert(((from | to) & 7) == 0, "matmulQ5_K: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 8) * 1440;
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + (<usize>octet << 2);
    let input = x;
    let left = nRows;
    for (; left >= 4; left -= 4) {
      tile<u32>(out, yStride, input, xStride, weights, end);
      out += yStride << 2;
      input += xStride << 2;
    }
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
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  for (; w < end; w += 1440) {
    let ai0 = i32x4.splat(0), bi0 = ai0, ai1 = ai0, bi1 = ai0, ai2 = ai0, bi2 = ai0, ai3 = ai0, bi3 = ai0;
    const nibble = v128.load(NIBBLE), high = v128.load(HIGH1);
    for (let g: i32 = 0; g < 4; g++) {
      const p = w + (<usize>g << 8);
      const as = v128.load8x8_u(w + (<usize>g << 4), 32);
      const bs = v128.load8x8_u(w + (<usize>g << 4), 40);
      const as0 = ASC_FEATURE_RELAXED_SIMD ? first(as) : firstWide(as), as1 = ASC_FEATURE_RELAXED_SIMD ? second(as) : secondWide(as), bs0 = ASC_FEATURE_RELAXED_SIMD ? first(bs) : firstWide(bs), bs1 = ASC_FEATURE_RELAXED_SIMD ? second(bs) : secondWide(bs);
      // Bits 2g and 2g + 1 of a byte are the fifth bits of the low and the high nibble.
      for (let c: usize = 0; c < 8; c += 2) {
        const av0 = v128.load(p + (c << 5), 416), af0 = i16x8.shr_u(v128.load(w + (c << 5), 160), g << 1);
        const al0 = v128.or(v128.and(av0, nibble), v128.and(i16x8.shl(af0, 4), high));
        const ah0 = v128.or(v128.and(i16x8.shr_u(av0, 4), nibble), v128.and(i16x8.shl(af0, 3), high));
        const av1 = v128.load(p + (c << 5), 448), af1 = i16x8.shr_u(v128.load(w + (c << 5), 192), g << 1);
        const al1 = v128.or(v128.and(av1, nibble), v128.and(i16x8.shl(af1, 4), high));
        const ah1 = v128.or(v128.and(i16x8.shr_u(av1, 4), nibble), v128.and(i16x8.shl(af1, 3), high));
        if (ASC_FEATURE_RELAXED_SIMD) {
          const o = (<usize>g << 6) + (c << 2);
          ai0 = i32x4.add(ai0, i32x4.add(i32x4.dot_i16x8_s(dots(x0 + o, al0, al1), as0), i32x4.dot_i16x8_s(dots(x0 + o + 32, ah0, ah1), as1)));
          if (sizeof<T>() > 1) ai1 = i32x4.add(ai1, i32x4.add(i32x4.dot_i16x8_s(dots(x1 + o, al0, al1), as0), i32x4.dot_i16x8_s(dots(x1 + o + 32, ah0, ah1), as1)));
          if (sizeof<T>() > 2) {
            ai2 = i32x4.add(ai2, i32x4.add(i32x4.dot_i16x8_s(dots(x2 + o, al0, al1), as0), i32x4.dot_i16x8_s(dots(x2 + o + 32, ah0, ah1), as1)));
            ai3 = i32x4.add(ai3, i32x4.add(i32x4.dot_i16x8_s(dots(x3 + o, al0, al1), as0), i32x4.dot_i16x8_s(dots(x3 + o + 32, ah0, ah1), as1)));
          }
        } else {
          const o = (<usize>g << 7) + (c << 3);
          ai0 = i32x4.add(ai0, i32x4.add(i32x4.mul(wideDots(x0 + o, al0, al1), as0), i32x4.mul(wideDots(x0 + o + 64, ah0, ah1), as1)));
          if (sizeof<T>() > 1) ai1 = i32x4.add(ai1, i32x4.add(i32x4.mul(wideDots(x1 + o, al0, al1), as0), i32x4.mul(wideDots(x1 + o + 64, ah0, ah1), as1)));
          if (sizeof<T>() > 2) {
            ai2 = i32x4.add(ai2, i32x4.add(i32x4.mul(wideDots(x2 + o, al0, al1), as0), i32x4.mul(wideDots(x2 + o + 64, ah0, ah1), as1)));
            ai3 = i32x4.add(ai3, i32x4.add(i32x4.mul(wideDots(x3 + o, al0, al1), as0), i32x4.mul(wideDots(x3 + o + 64, ah0, ah1), as1)));
          }
        }
        const bv0 = v128.load(p + (c << 5), 432), bf0 = i16x8.shr_u(v128.load(w + (c << 5), 176), g << 1);
        const bl0 = v128.or(v128.and(bv0, nibble), v128.and(i16x8.shl(bf0, 4), high));
        const bh0 = v128.or(v128.and(i16x8.shr_u(bv0, 4), nibble), v128.and(i16x8.shl(bf0, 3), high));
        const bv1 = v128.load(p + (c << 5), 464), bf1 = i16x8.shr_u(v128.load(w + (c << 5), 208), g << 1);
        const bl1 = v128.or(v128.and(bv1, nibble), v128.and(i16x8.shl(bf1, 4), high));
        const bh1 = v128.or(v128.and(i16x8.shr_u(bv1, 4), nibble), v128.and(i16x8.shl(bf1, 3), high));
        if (ASC_FEATURE_RELAXED_SIMD) {
          const o = (<usize>g << 6) + (c << 2);
          bi0 = i32x4.add(bi0, i32x4.add(i32x4.dot_i16x8_s(dots(x0 + o, bl0, bl1), bs0), i32x4.dot_i16x8_s(dots(x0 + o + 32, bh0, bh1), bs1)));
          if (sizeof<T>() > 1) bi1 = i32x4.add(bi1, i32x4.add(i32x4.dot_i16x8_s(dots(x1 + o, bl0, bl1), bs0), i32x4.dot_i16x8_s(dots(x1 + o + 32, bh0, bh1), bs1)));
          if (sizeof<T>() > 2) {
            bi2 = i32x4.add(bi2, i32x4.add(i32x4.dot_i16x8_s(dots(x2 + o, bl0, bl1), bs0), i32x4.dot_i16x8_s(dots(x2 + o + 32, bh0, bh1), bs1)));
            bi3 = i32x4.add(bi3, i32x4.add(i32x4.dot_i16x8_s(dots(x3 + o, bl0, bl1), bs0), i32x4.dot_i16x8_s(dots(x3 + o + 32, bh0, bh1), bs1)));
          }
        } else {
          const o = (<usize>g << 7) + (c << 3);
          bi0 = i32x4.add(bi0, i32x4.add(i32x4.mul(wideDots(x0 + o, bl0, bl1), bs0), i32x4.mul(wideDots(x0 + o + 64, bh0, bh1), bs1)));
          if (sizeof<T>() > 1) bi1 = i32x4.add(bi1, i32x4.add(i32x4.mul(wideDots(x1 + o, bl0, bl1), bs0), i32x4.mul(wideDots(x1 + o + 64, bh0, bh1), bs1)));
          if (sizeof<T>() > 2) {
            bi2 = i32x4.add(bi2, i32x4.add(i32x4.mul(wideDots(x2 + o, bl0, bl1), bs0), i32x4.mul(wideDots(x2 + o + 64, bh0, bh1), bs1)));
            bi3 = i32x4.add(bi3, i32x4.add(i32x4.mul(wideDots(x3 + o, bl0, bl1), bs0), i32x4.mul(wideDots(x3 + o + 64, bh0, bh1), bs1)));
          }
        }
      }
    }
    const ad = loadF16x4(w), bd = loadF16x4(w + 8), am = loadF16x4(w + 16), bm = loadF16x4(w + 24);
    a0 = block(a0, ai0, ad, am, w + 96, x0);
    if (sizeof<T>() > 1) a1 = block(a1, ai1, ad, am, w + 96, x1);
    if (sizeof<T>() > 2) {
      a2 = block(a2, ai2, ad, am, w + 96, x2);
      a3 = block(a3, ai3, ad, am, w + 96, x3);
    }
    b0 = block(b0, bi0, bd, bm, w + 104, x0);
    if (sizeof<T>() > 1) b1 = block(b1, bi1, bd, bm, w + 104, x1);
    if (sizeof<T>() > 2) {
      b2 = block(b2, bi2, bd, bm, w + 104, x2);
      b3 = block(b3, bi3, bd, bm, w + 104, x3);
    }
    x0 += BLOCK256;
    if (sizeof<T>() > 1) x1 += BLOCK256;
    if (sizeof<T>() > 2) {
      x2 += BLOCK256;
      x3 += BLOCK256;
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

/** Two chunks of four columns, weights in 0…31: at most 2 · 2 · 127 · 31 in an i16. */
function dots(x: usize, w0: v128, w1: v128): v128 {
  return i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), w0), v128.relaxed_dot<i16>(v128.load32_splat(x, 4), w1));
}

/** Two chunks against i16 activations: even bytes, then odd ones. */
function wideDots(x: usize, w0: v128, w1: v128): v128 {
  const even = i16x8.splat(255);
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), v128.and(w0, even)), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), i16x8.shr_u(w0, 8))),
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x, 8), v128.and(w1, even)), i32x4.dot_i16x8_s(v128.load32_splat(x, 12), i16x8.shr_u(w1, 8))),
  );
}

/** Σ over the eight sub-blocks of m · Σx. */
function minimums(mins: usize, x: usize): v128 {
  let sum = i32x4.dot_i16x8_s(v128.load8x8_u(mins), v128.load32_splat(x, SUMS32));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 16), v128.load32_splat(x, SUMS32 + 4)));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 32), v128.load32_splat(x, SUMS32 + 8)));
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 48), v128.load32_splat(x, SUMS32 + 12)));
}

/** acc + (d_w · d_x) · Σ scale·q·x − (dmin_w · d_x) · Σ m·Σx */
function block(acc: v128, dot: v128, d: v128, dmin: v128, mins: usize, x: usize): v128 {
  const dx = v128.load32_splat(x, D256);
  acc = f32x4.add(acc, f32x4.mul(f32x4.mul(d, dx), f32x4.convert_i32x4_s(dot)));
  return f32x4.sub(acc, f32x4.mul(f32x4.mul(dmin, dx), f32x4.convert_i32x4_s(minimums(mins, x))));
}
