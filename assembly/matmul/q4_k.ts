import { NIBBLE, NIBBLE16 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { first, firstWide, second, secondWide } from "../pairs";
import { BLOCK256, D256, SUMS32 } from "../quantizeRow";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q4_K's octets (formats/q4_k.ts), x in rows of quantizeRow256.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 256;
 * outputs from … to, multiples of 8. Per output the additions are two a super-block of 256 columns, in order, whatever the tile.
 */
export function matmulQ4_K(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 255) == 0, "matmulQ4_K: cols must be a multiple of 256");
  assert(((from | to) & 7) == 0, "matmulQ4_K: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 8) * 1184;
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + ((<usize>octet) << 2);
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
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  for (; w < end; w += 1184) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    if (ASC_FEATURE_RELAXED_SIMD) {
      const nibble = v128.load(NIBBLE);
      for (let g: usize = 0; g < 4; g++) {
        const p = w + (g << 8),
          o = g << 6;
        const as = v128.load8x8_u(w + (g << 4), 32),
          as0 = first(as),
          as1 = second(as);
        const al0 = v128.and(v128.load(p, 160), nibble),
          al1 = v128.and(v128.load(p, 192), nibble);
        const al2 = v128.and(v128.load(p, 224), nibble),
          al3 = v128.and(v128.load(p, 256), nibble);
        const al4 = v128.and(v128.load(p, 288), nibble),
          al5 = v128.and(v128.load(p, 320), nibble);
        const al6 = v128.and(v128.load(p, 352), nibble),
          al7 = v128.and(v128.load(p, 384), nibble);
        ai0 = i32x4.add(ai0, i32x4.dot_i16x8_s(i16x8.add(dots(x0 + o, al0, al1, al2, al3), dots(x0 + o + 16, al4, al5, al6, al7)), as0));
        if (sizeof<T>() > 1)
          ai1 = i32x4.add(ai1, i32x4.dot_i16x8_s(i16x8.add(dots(x1 + o, al0, al1, al2, al3), dots(x1 + o + 16, al4, al5, al6, al7)), as0));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.dot_i16x8_s(i16x8.add(dots(x2 + o, al0, al1, al2, al3), dots(x2 + o + 16, al4, al5, al6, al7)), as0));
          ai3 = i32x4.add(ai3, i32x4.dot_i16x8_s(i16x8.add(dots(x3 + o, al0, al1, al2, al3), dots(x3 + o + 16, al4, al5, al6, al7)), as0));
        }
        const ah0 = v128.and(i16x8.shr_u(v128.load(p, 160), 4), nibble),
          ah1 = v128.and(i16x8.shr_u(v128.load(p, 192), 4), nibble);
        const ah2 = v128.and(i16x8.shr_u(v128.load(p, 224), 4), nibble),
          ah3 = v128.and(i16x8.shr_u(v128.load(p, 256), 4), nibble);
        const ah4 = v128.and(i16x8.shr_u(v128.load(p, 288), 4), nibble),
          ah5 = v128.and(i16x8.shr_u(v128.load(p, 320), 4), nibble);
        const ah6 = v128.and(i16x8.shr_u(v128.load(p, 352), 4), nibble),
          ah7 = v128.and(i16x8.shr_u(v128.load(p, 384), 4), nibble);
        ai0 = i32x4.add(
          ai0,
          i32x4.dot_i16x8_s(i16x8.add(dots(x0 + o + 32, ah0, ah1, ah2, ah3), dots(x0 + o + 48, ah4, ah5, ah6, ah7)), as1),
        );
        if (sizeof<T>() > 1)
          ai1 = i32x4.add(
            ai1,
            i32x4.dot_i16x8_s(i16x8.add(dots(x1 + o + 32, ah0, ah1, ah2, ah3), dots(x1 + o + 48, ah4, ah5, ah6, ah7)), as1),
          );
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(
            ai2,
            i32x4.dot_i16x8_s(i16x8.add(dots(x2 + o + 32, ah0, ah1, ah2, ah3), dots(x2 + o + 48, ah4, ah5, ah6, ah7)), as1),
          );
          ai3 = i32x4.add(
            ai3,
            i32x4.dot_i16x8_s(i16x8.add(dots(x3 + o + 32, ah0, ah1, ah2, ah3), dots(x3 + o + 48, ah4, ah5, ah6, ah7)), as1),
          );
        }
        const bs = v128.load8x8_u(w + (g << 4), 40),
          bs0 = first(bs),
          bs1 = second(bs);
        const bl0 = v128.and(v128.load(p, 176), nibble),
          bl1 = v128.and(v128.load(p, 208), nibble);
        const bl2 = v128.and(v128.load(p, 240), nibble),
          bl3 = v128.and(v128.load(p, 272), nibble);
        const bl4 = v128.and(v128.load(p, 304), nibble),
          bl5 = v128.and(v128.load(p, 336), nibble);
        const bl6 = v128.and(v128.load(p, 368), nibble),
          bl7 = v128.and(v128.load(p, 400), nibble);
        bi0 = i32x4.add(bi0, i32x4.dot_i16x8_s(i16x8.add(dots(x0 + o, bl0, bl1, bl2, bl3), dots(x0 + o + 16, bl4, bl5, bl6, bl7)), bs0));
        if (sizeof<T>() > 1)
          bi1 = i32x4.add(bi1, i32x4.dot_i16x8_s(i16x8.add(dots(x1 + o, bl0, bl1, bl2, bl3), dots(x1 + o + 16, bl4, bl5, bl6, bl7)), bs0));
        if (sizeof<T>() > 2) {
          bi2 = i32x4.add(bi2, i32x4.dot_i16x8_s(i16x8.add(dots(x2 + o, bl0, bl1, bl2, bl3), dots(x2 + o + 16, bl4, bl5, bl6, bl7)), bs0));
          bi3 = i32x4.add(bi3, i32x4.dot_i16x8_s(i16x8.add(dots(x3 + o, bl0, bl1, bl2, bl3), dots(x3 + o + 16, bl4, bl5, bl6, bl7)), bs0));
        }
        const bh0 = v128.and(i16x8.shr_u(v128.load(p, 176), 4), nibble),
          bh1 = v128.and(i16x8.shr_u(v128.load(p, 208), 4), nibble);
        const bh2 = v128.and(i16x8.shr_u(v128.load(p, 240), 4), nibble),
          bh3 = v128.and(i16x8.shr_u(v128.load(p, 272), 4), nibble);
        const bh4 = v128.and(i16x8.shr_u(v128.load(p, 304), 4), nibble),
          bh5 = v128.and(i16x8.shr_u(v128.load(p, 336), 4), nibble);
        const bh6 = v128.and(i16x8.shr_u(v128.load(p, 368), 4), nibble),
          bh7 = v128.and(i16x8.shr_u(v128.load(p, 400), 4), nibble);
        bi0 = i32x4.add(
          bi0,
          i32x4.dot_i16x8_s(i16x8.add(dots(x0 + o + 32, bh0, bh1, bh2, bh3), dots(x0 + o + 48, bh4, bh5, bh6, bh7)), bs1),
        );
        if (sizeof<T>() > 1)
          bi1 = i32x4.add(
            bi1,
            i32x4.dot_i16x8_s(i16x8.add(dots(x1 + o + 32, bh0, bh1, bh2, bh3), dots(x1 + o + 48, bh4, bh5, bh6, bh7)), bs1),
          );
        if (sizeof<T>() > 2) {
          bi2 = i32x4.add(
            bi2,
            i32x4.dot_i16x8_s(i16x8.add(dots(x2 + o + 32, bh0, bh1, bh2, bh3), dots(x2 + o + 48, bh4, bh5, bh6, bh7)), bs1),
          );
          bi3 = i32x4.add(
            bi3,
            i32x4.dot_i16x8_s(i16x8.add(dots(x3 + o + 32, bh0, bh1, bh2, bh3), dots(x3 + o + 48, bh4, bh5, bh6, bh7)), bs1),
          );
        }
      }
    } else {
      const nibble = v128.load(NIBBLE16);
      for (let g: usize = 0; g < 4; g++) {
        const p = w + (g << 8),
          o = g << 7;
        const as = v128.load8x8_u(w + (g << 4), 32),
          as0 = firstWide(as),
          as1 = secondWide(as);
        const bs = v128.load8x8_u(w + (g << 4), 40),
          bs0 = firstWide(bs),
          bs1 = secondWide(bs);
        if (sizeof<T>() == 1) {
          // Room for a sum of each sub-block, and so for one product with its scale.
          let al = i32x4.splat(0),
            ah = al,
            bl = al,
            bh = al;
          for (let c: usize = 0; c < 64; c += 8) {
            const x = x0 + o + c;
            const a = v128.load(p + (c << 2), 160);
            al = i32x4.add(al, wideDots(x, v128.and(a, nibble), v128.and(i16x8.shr_u(a, 8), nibble)));
            ah = i32x4.add(ah, wideDots(x + 64, v128.and(i16x8.shr_u(a, 4), nibble), i16x8.shr_u(a, 12)));
            const b = v128.load(p + (c << 2), 176);
            bl = i32x4.add(bl, wideDots(x, v128.and(b, nibble), v128.and(i16x8.shr_u(b, 8), nibble)));
            bh = i32x4.add(bh, wideDots(x + 64, v128.and(i16x8.shr_u(b, 4), nibble), i16x8.shr_u(b, 12)));
          }
          ai0 = i32x4.add(ai0, i32x4.add(i32x4.mul(al, as0), i32x4.mul(ah, as1)));
          bi0 = i32x4.add(bi0, i32x4.add(i32x4.mul(bl, bs0), i32x4.mul(bh, bs1)));
          continue;
        }
        for (let c: usize = 0; c < 64; c += 8) {
          const a = v128.load(p + (c << 2), 160);
          const an0 = v128.and(a, nibble),
            an1 = v128.and(i16x8.shr_u(a, 8), nibble);
          const an2 = v128.and(i16x8.shr_u(a, 4), nibble),
            an3 = i16x8.shr_u(a, 12);
          ai0 = i32x4.add(
            ai0,
            i32x4.add(i32x4.mul(wideDots(x0 + o + c, an0, an1), as0), i32x4.mul(wideDots(x0 + o + c + 64, an2, an3), as1)),
          );
          if (sizeof<T>() > 1)
            ai1 = i32x4.add(
              ai1,
              i32x4.add(i32x4.mul(wideDots(x1 + o + c, an0, an1), as0), i32x4.mul(wideDots(x1 + o + c + 64, an2, an3), as1)),
            );
          if (sizeof<T>() > 2) {
            ai2 = i32x4.add(
              ai2,
              i32x4.add(i32x4.mul(wideDots(x2 + o + c, an0, an1), as0), i32x4.mul(wideDots(x2 + o + c + 64, an2, an3), as1)),
            );
            ai3 = i32x4.add(
              ai3,
              i32x4.add(i32x4.mul(wideDots(x3 + o + c, an0, an1), as0), i32x4.mul(wideDots(x3 + o + c + 64, an2, an3), as1)),
            );
          }
          const b = v128.load(p + (c << 2), 176);
          const bn0 = v128.and(b, nibble),
            bn1 = v128.and(i16x8.shr_u(b, 8), nibble);
          const bn2 = v128.and(i16x8.shr_u(b, 4), nibble),
            bn3 = i16x8.shr_u(b, 12);
          bi0 = i32x4.add(
            bi0,
            i32x4.add(i32x4.mul(wideDots(x0 + o + c, bn0, bn1), bs0), i32x4.mul(wideDots(x0 + o + c + 64, bn2, bn3), bs1)),
          );
          if (sizeof<T>() > 1)
            bi1 = i32x4.add(
              bi1,
              i32x4.add(i32x4.mul(wideDots(x1 + o + c, bn0, bn1), bs0), i32x4.mul(wideDots(x1 + o + c + 64, bn2, bn3), bs1)),
            );
          if (sizeof<T>() > 2) {
            bi2 = i32x4.add(
              bi2,
              i32x4.add(i32x4.mul(wideDots(x2 + o + c, bn0, bn1), bs0), i32x4.mul(wideDots(x2 + o + c + 64, bn2, bn3), bs1)),
            );
            bi3 = i32x4.add(
              bi3,
              i32x4.add(i32x4.mul(wideDots(x3 + o + c, bn0, bn1), bs0), i32x4.mul(wideDots(x3 + o + c + 64, bn2, bn3), bs1)),
            );
          }
        }
      }
    }
    const ad = loadF16x4(w),
      bd = widenF16(v128.load16x4_s(w, 8)),
      am = widenF16(v128.load16x4_s(w, 16)),
      bm = widenF16(v128.load16x4_s(w, 24));
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

/** Four chunks of four columns, weights in 0…15: at most 4 · 2 · 127 · 15 in an i16. */
function dots(x: usize, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  return i16x8.add(
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), w0), v128.relaxed_dot<i16>(v128.load32_splat(x, 4), w1)),
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x, 8), w2), v128.relaxed_dot<i16>(v128.load32_splat(x, 12), w3)),
  );
}

/** One chunk of four columns against i16 activations. */
function wideDots(x: usize, even: v128, odd: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), even), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), odd));
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
