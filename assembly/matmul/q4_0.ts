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

/**
 * 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, so that V8 can pair them. Sums that a loop over
 * chunks carries, rather than a whole block in one expression: of that Binaryen makes all of quad a and then all of b, and V8 keeps the
 * activations that both use on the stack in between, which costs a third of the speed.
 */
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
      let ai0 = i16x8.splat(0),
        bi0 = ai0,
        ai1 = ai0,
        bi1 = ai0,
        ai2 = ai0,
        bi2 = ai0,
        ai3 = ai0,
        bi3 = ai0;
      let p: v128;
      for (let c: usize = 0; c < 16; c += 8) {
        const v = w + (c << 3);
        const va0 = v128.load(v, 16),
          al0 = v128.and(va0, nibble),
          ah0 = v128.and(i16x8.shr_u(va0, 4), nibble);
        const vb0 = v128.load(v, 32),
          bl0 = v128.and(vb0, nibble),
          bh0 = v128.and(i16x8.shr_u(vb0, 4), nibble);
        p = v128.load32_splat(x0 + c);
        ai0 = dot(ai0, p, al0);
        bi0 = dot(bi0, p, bl0);
        p = v128.load32_splat(x0 + c, 16);
        ai0 = dot(ai0, p, ah0);
        bi0 = dot(bi0, p, bh0);
        if (sizeof<T>() > 1) {
          p = v128.load32_splat(x1 + c);
          ai1 = dot(ai1, p, al0);
          bi1 = dot(bi1, p, bl0);
          p = v128.load32_splat(x1 + c, 16);
          ai1 = dot(ai1, p, ah0);
          bi1 = dot(bi1, p, bh0);
        }
        if (sizeof<T>() > 2) {
          p = v128.load32_splat(x2 + c);
          ai2 = dot(ai2, p, al0);
          bi2 = dot(bi2, p, bl0);
          p = v128.load32_splat(x2 + c, 16);
          ai2 = dot(ai2, p, ah0);
          bi2 = dot(bi2, p, bh0);
          p = v128.load32_splat(x3 + c);
          ai3 = dot(ai3, p, al0);
          bi3 = dot(bi3, p, bl0);
          p = v128.load32_splat(x3 + c, 16);
          ai3 = dot(ai3, p, ah0);
          bi3 = dot(bi3, p, bh0);
        }
        const va1 = v128.load(v, 48),
          al1 = v128.and(va1, nibble),
          ah1 = v128.and(i16x8.shr_u(va1, 4), nibble);
        const vb1 = v128.load(v, 64),
          bl1 = v128.and(vb1, nibble),
          bh1 = v128.and(i16x8.shr_u(vb1, 4), nibble);
        p = v128.load32_splat(x0 + c, 4);
        ai0 = dot(ai0, p, al1);
        bi0 = dot(bi0, p, bl1);
        p = v128.load32_splat(x0 + c, 20);
        ai0 = dot(ai0, p, ah1);
        bi0 = dot(bi0, p, bh1);
        if (sizeof<T>() > 1) {
          p = v128.load32_splat(x1 + c, 4);
          ai1 = dot(ai1, p, al1);
          bi1 = dot(bi1, p, bl1);
          p = v128.load32_splat(x1 + c, 20);
          ai1 = dot(ai1, p, ah1);
          bi1 = dot(bi1, p, bh1);
        }
        if (sizeof<T>() > 2) {
          p = v128.load32_splat(x2 + c, 4);
          ai2 = dot(ai2, p, al1);
          bi2 = dot(bi2, p, bl1);
          p = v128.load32_splat(x2 + c, 20);
          ai2 = dot(ai2, p, ah1);
          bi2 = dot(bi2, p, bh1);
          p = v128.load32_splat(x3 + c, 4);
          ai3 = dot(ai3, p, al1);
          bi3 = dot(bi3, p, bl1);
          p = v128.load32_splat(x3 + c, 20);
          ai3 = dot(ai3, p, ah1);
          bi3 = dot(bi3, p, bh1);
        }
      }
      const ad = loadF16x4(w),
        bd = widenF16(v128.load16x4_s(w, 8));
      a0 = block(a0, i32x4.dot_i16x8_s(ai0, ones), ad, x0);
      b0 = block(b0, i32x4.dot_i16x8_s(bi0, ones), bd, x0);
      if (sizeof<T>() > 1) {
        a1 = block(a1, i32x4.dot_i16x8_s(ai1, ones), ad, x1);
        b1 = block(b1, i32x4.dot_i16x8_s(bi1, ones), bd, x1);
      }
      if (sizeof<T>() > 2) {
        a2 = block(a2, i32x4.dot_i16x8_s(ai2, ones), ad, x2);
        b2 = block(b2, i32x4.dot_i16x8_s(bi2, ones), bd, x2);
        a3 = block(a3, i32x4.dot_i16x8_s(ai3, ones), ad, x3);
        b3 = block(b3, i32x4.dot_i16x8_s(bi3, ones), bd, x3);
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
      if (sizeof<T>() == 1) {
        for (let c: usize = 0; c < 32; c += 8) {
          const a = v128.load(w + (c << 2), 16),
            an0 = v128.and(a, nibble),
            an1 = v128.and(i16x8.shr_u(a, 8), nibble),
            an2 = v128.and(i16x8.shr_u(a, 4), nibble),
            an3 = i16x8.shr_u(a, 12);
          const b = v128.load(w + (c << 2), 32),
            bn0 = v128.and(b, nibble),
            bn1 = v128.and(i16x8.shr_u(b, 8), nibble),
            bn2 = v128.and(i16x8.shr_u(b, 4), nibble),
            bn3 = i16x8.shr_u(b, 12);
          ai0 = i32x4.add(ai0, wideDots(x0 + c, an0, an1, an2, an3));
          bi0 = i32x4.add(bi0, wideDots(x0 + c, bn0, bn1, bn2, bn3));
        }
      } else {
        for (let c: usize = 0; c < 32; c += 8) {
          const a = v128.load(w + (c << 2), 16),
            ae = v128.and(a, nibble),
            ao = v128.and(i16x8.shr_u(a, 8), nibble);
          const b = v128.load(w + (c << 2), 32),
            be = v128.and(b, nibble),
            bo = v128.and(i16x8.shr_u(b, 8), nibble);
          ai0 = i32x4.add(ai0, halfDots(x0 + c, ae, ao));
          bi0 = i32x4.add(bi0, halfDots(x0 + c, be, bo));
          ai1 = i32x4.add(ai1, halfDots(x1 + c, ae, ao));
          bi1 = i32x4.add(bi1, halfDots(x1 + c, be, bo));
          if (sizeof<T>() > 2) {
            ai2 = i32x4.add(ai2, halfDots(x2 + c, ae, ao));
            bi2 = i32x4.add(bi2, halfDots(x2 + c, be, bo));
            ai3 = i32x4.add(ai3, halfDots(x3 + c, ae, ao));
            bi3 = i32x4.add(bi3, halfDots(x3 + c, be, bo));
          }
        }
        for (let c: usize = 0; c < 32; c += 8) {
          const a = v128.load(w + (c << 2), 16),
            ae = v128.and(i16x8.shr_u(a, 4), nibble),
            ao = i16x8.shr_u(a, 12);
          const b = v128.load(w + (c << 2), 32),
            be = v128.and(i16x8.shr_u(b, 4), nibble),
            bo = i16x8.shr_u(b, 12);
          ai0 = i32x4.add(ai0, halfDots(x0 + c + 32, ae, ao));
          bi0 = i32x4.add(bi0, halfDots(x0 + c + 32, be, bo));
          ai1 = i32x4.add(ai1, halfDots(x1 + c + 32, ae, ao));
          bi1 = i32x4.add(bi1, halfDots(x1 + c + 32, be, bo));
          if (sizeof<T>() > 2) {
            ai2 = i32x4.add(ai2, halfDots(x2 + c + 32, ae, ao));
            bi2 = i32x4.add(bi2, halfDots(x2 + c + 32, be, bo));
            ai3 = i32x4.add(ai3, halfDots(x3 + c + 32, ae, ao));
            bi3 = i32x4.add(bi3, halfDots(x3 + c + 32, be, bo));
          }
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

/** acc + p · w in i16: the 16 of a block add at most 16 · 127 · 15. */
function dot(acc: v128, p: v128, w: v128): v128 {
  return i16x8.add(acc, v128.relaxed_dot<i16>(p, w));
}

/** One chunk against i16 activations: n0 and n1 are the low nibbles' even and odd columns, n2 and n3 the high nibbles'. */
function wideDots(x: usize, n0: v128, n1: v128, n2: v128, n3: v128): v128 {
  return i32x4.add(halfDots(x, n0, n1), halfDots(x + 32, n2, n3));
}

/** Even and odd columns of four. */
function halfDots(x: usize, even: v128, odd: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), even), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), odd));
}

/** acc + (d_w · d_x) · (Σ q·x − 8 Σ x) */
function block(acc: v128, dot: v128, d: v128, x: usize): v128 {
  const q = i32x4.sub(dot, i32x4.shl(v128.load32_splat(x, SUM32), 3));
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, D32)), f32x4.convert_i32x4_s(q)));
}
