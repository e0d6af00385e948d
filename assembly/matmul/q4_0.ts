import { NIBBLE, NIBBLE16, ONES } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { BLOCK32, D32, SUM32 } from "../quantizeRow";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q4_0's octets (formats/q4_0.ts), x in rows of quantizeRow32.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 32;
 * outputs from … to, multiples of 8. Per output the additions are one a block of 32 columns, in order, whatever the tile.
 */
export function matmulQ4_0(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 31) == 0, "matmulQ4_0: cols must be a multiple of 32");
  assert(((from | to) & 7) == 0, "matmulQ4_0: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 5) * 144;
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
  if (ASC_FEATURE_RELAXED_SIMD) {
    const nibble = v128.load(NIBBLE),
      ones = v128.load(ONES);
    for (; w < end; w += 144) {
      let v: v128;
      v = v128.load(w, 16);
      const al0 = v128.and(v, nibble),
        ah0 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 48);
      const al1 = v128.and(v, nibble),
        ah1 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 80);
      const al2 = v128.and(v, nibble),
        ah2 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 112);
      const al3 = v128.and(v, nibble),
        ah3 = v128.and(i16x8.shr_u(v, 4), nibble);
      const ad = loadF16x4(w);
      a0 = block(a0, i32x4.dot_i16x8_s(i16x8.add(dots(x0, al0, ah0, al1, ah1), dots(x0 + 8, al2, ah2, al3, ah3)), ones), ad, x0);
      if (sizeof<T>() > 1)
        a1 = block(a1, i32x4.dot_i16x8_s(i16x8.add(dots(x1, al0, ah0, al1, ah1), dots(x1 + 8, al2, ah2, al3, ah3)), ones), ad, x1);
      if (sizeof<T>() > 2) {
        a2 = block(a2, i32x4.dot_i16x8_s(i16x8.add(dots(x2, al0, ah0, al1, ah1), dots(x2 + 8, al2, ah2, al3, ah3)), ones), ad, x2);
        a3 = block(a3, i32x4.dot_i16x8_s(i16x8.add(dots(x3, al0, ah0, al1, ah1), dots(x3 + 8, al2, ah2, al3, ah3)), ones), ad, x3);
      }
      v = v128.load(w, 32);
      const bl0 = v128.and(v, nibble),
        bh0 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 64);
      const bl1 = v128.and(v, nibble),
        bh1 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 96);
      const bl2 = v128.and(v, nibble),
        bh2 = v128.and(i16x8.shr_u(v, 4), nibble);
      v = v128.load(w, 128);
      const bl3 = v128.and(v, nibble),
        bh3 = v128.and(i16x8.shr_u(v, 4), nibble);
      const bd = widenF16(v128.load16x4_s(w, 8));
      b0 = block(b0, i32x4.dot_i16x8_s(i16x8.add(dots(x0, bl0, bh0, bl1, bh1), dots(x0 + 8, bl2, bh2, bl3, bh3)), ones), bd, x0);
      if (sizeof<T>() > 1)
        b1 = block(b1, i32x4.dot_i16x8_s(i16x8.add(dots(x1, bl0, bh0, bl1, bh1), dots(x1 + 8, bl2, bh2, bl3, bh3)), ones), bd, x1);
      if (sizeof<T>() > 2) {
        b2 = block(b2, i32x4.dot_i16x8_s(i16x8.add(dots(x2, bl0, bh0, bl1, bh1), dots(x2 + 8, bl2, bh2, bl3, bh3)), ones), bd, x2);
        b3 = block(b3, i32x4.dot_i16x8_s(i16x8.add(dots(x3, bl0, bh0, bl1, bh1), dots(x3 + 8, bl2, bh2, bl3, bh3)), ones), bd, x3);
      }
      x0 += BLOCK32;
      if (sizeof<T>() > 1) x1 += BLOCK32;
      if (sizeof<T>() > 2) {
        x2 += BLOCK32;
        x3 += BLOCK32;
      }
    }
  } else {
    const nibble = v128.load(NIBBLE16);
    for (; w < end; w += 144) {
      let ai0 = i32x4.splat(0),
        bi0 = ai0,
        ai1 = ai0,
        bi1 = ai0,
        ai2 = ai0,
        bi2 = ai0,
        ai3 = ai0,
        bi3 = ai0;
      for (let c: usize = 0; c < 32; c += 8) {
        const a = v128.load(w + (c << 2), 16);
        const an0 = v128.and(a, nibble),
          an1 = v128.and(i16x8.shr_u(a, 8), nibble);
        const an2 = v128.and(i16x8.shr_u(a, 4), nibble),
          an3 = i16x8.shr_u(a, 12);
        ai0 = i32x4.add(ai0, wideDots(x0 + c, an0, an1, an2, an3));
        if (sizeof<T>() > 1) ai1 = i32x4.add(ai1, wideDots(x1 + c, an0, an1, an2, an3));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, wideDots(x2 + c, an0, an1, an2, an3));
          ai3 = i32x4.add(ai3, wideDots(x3 + c, an0, an1, an2, an3));
        }
        const b = v128.load(w + (c << 2), 32);
        const bn0 = v128.and(b, nibble),
          bn1 = v128.and(i16x8.shr_u(b, 8), nibble);
        const bn2 = v128.and(i16x8.shr_u(b, 4), nibble),
          bn3 = i16x8.shr_u(b, 12);
        bi0 = i32x4.add(bi0, wideDots(x0 + c, bn0, bn1, bn2, bn3));
        if (sizeof<T>() > 1) bi1 = i32x4.add(bi1, wideDots(x1 + c, bn0, bn1, bn2, bn3));
        if (sizeof<T>() > 2) {
          bi2 = i32x4.add(bi2, wideDots(x2 + c, bn0, bn1, bn2, bn3));
          bi3 = i32x4.add(bi3, wideDots(x3 + c, bn0, bn1, bn2, bn3));
        }
      }
      const ad = loadF16x4(w),
        bd = widenF16(v128.load16x4_s(w, 8));
      a0 = block(a0, ai0, ad, x0);
      if (sizeof<T>() > 1) a1 = block(a1, ai1, ad, x1);
      if (sizeof<T>() > 2) {
        a2 = block(a2, ai2, ad, x2);
        a3 = block(a3, ai3, ad, x3);
      }
      b0 = block(b0, bi0, bd, x0);
      if (sizeof<T>() > 1) b1 = block(b1, bi1, bd, x1);
      if (sizeof<T>() > 2) {
        b2 = block(b2, bi2, bd, x2);
        b3 = block(b3, bi3, bd, x3);
      }
      x0 += BLOCK32;
      if (sizeof<T>() > 1) x1 += BLOCK32;
      if (sizeof<T>() > 2) {
        x2 += BLOCK32;
        x3 += BLOCK32;
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

/** Two chunks: low nibbles are columns x[0…3] and x[4…7], high nibbles x[16…19] and x[20…23]. At most 4 · 2 · 127 · 15 in an i16. */
function dots(x: usize, l0: v128, h0: v128, l1: v128, h1: v128): v128 {
  return i16x8.add(
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), l0), v128.relaxed_dot<i16>(v128.load32_splat(x, 16), h0)),
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x, 4), l1), v128.relaxed_dot<i16>(v128.load32_splat(x, 20), h1)),
  );
}

/** One chunk against i16 activations: n0 and n1 are the low nibbles' even and odd columns, n2 and n3 the high nibbles'. */
function wideDots(x: usize, n0: v128, n1: v128, n2: v128, n3: v128): v128 {
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), n0), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), n1)),
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x, 32), n2), i32x4.dot_i16x8_s(v128.load32_splat(x, 36), n3)),
  );
}

/** acc + (d_w · d_x) · (Σ q·x − 8 Σ x) */
function block(acc: v128, dot: v128, d: v128, x: usize): v128 {
  const q = i32x4.sub(dot, i32x4.shl(v128.load32_splat(x, SUM32), 3));
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, D32)), f32x4.convert_i32x4_s(q)));
}
