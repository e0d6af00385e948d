import { BYTE16, E2M1, NIBBLE, ONES } from "../constants";
import { A, B } from "../nibbles";
import { BLOCK32, D32, SUM32 } from "../quantizeRow";
import { storeOctet, streamOutputs } from "../streams";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in MXFP4's octets (formats/mxfp4.ts), x in rows of quantizeRow32.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 32;
 * outputs from … to, multiples of 8. Per output the additions are one a block of 32 columns, in order, whatever the tile.
 */
export function matmulMXFP4(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 31) == 0, "matmulMXFP4: cols must be a multiple of 32");
  assert(((from | to) & 7) == 0, "matmulMXFP4: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 5) * 136;
  // In the plain build it is instructions that decide, and one octet at a time has fewer of them.
  if (ASC_FEATURE_RELAXED_SIMD && nRows == 1) {
    const outputs = streamOutputs(from, to);
    for (const end = from + outputs; from < end; from += 8)
      streams(y + ((<usize>from) << 2), x, w + (<usize>from >> 3) * bytes, bytes, outputs);
    from += 3 * outputs;
  }
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

/** One row × an octet of each of four streams, whose outputs are so many; see streams.ts. bytes: of an octet; y, w0: the first stream's. */
function streams(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
  const apart = (outputs >> 3) * bytes,
    end = w0 + bytes;
  let w1 = w0 + apart,
    w2 = w1 + apart,
    w3 = w2 + apart;
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  const nibble = v128.load(NIBBLE),
    values = v128.load(E2M1),
    ones = v128.load(ONES);
  for (; w0 < end; x += BLOCK32) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let c: usize = 0; c < 16; c += 8) {
      const v = c << 3,
        xc = x + c;
      ai0 = chunks<A>(ai0, xc, w0 + v, values, nibble, ones);
      bi0 = chunks<B>(bi0, xc, w0 + v, values, nibble, ones);
      ai1 = chunks<A>(ai1, xc, w1 + v, values, nibble, ones);
      bi1 = chunks<B>(bi1, xc, w1 + v, values, nibble, ones);
      ai2 = chunks<A>(ai2, xc, w2 + v, values, nibble, ones);
      bi2 = chunks<B>(bi2, xc, w2 + v, values, nibble, ones);
      ai3 = chunks<A>(ai3, xc, w3 + v, values, nibble, ones);
      bi3 = chunks<B>(bi3, xc, w3 + v, values, nibble, ones);
    }
    a0 = block(a0, ai0, loadE8M0x4(w0), x);
    b0 = block(b0, bi0, loadE8M0x4(w0 + 4), x);
    a1 = block(a1, ai1, loadE8M0x4(w1), x);
    b1 = block(b1, bi1, loadE8M0x4(w1 + 4), x);
    a2 = block(a2, ai2, loadE8M0x4(w2), x);
    b2 = block(b2, bi2, loadE8M0x4(w2 + 4), x);
    a3 = block(a3, ai3, loadE8M0x4(w3), x);
    b3 = block(b3, bi3, loadE8M0x4(w3 + 4), x);
    w0 += 136;
    w1 += 136;
    w2 += 136;
    w3 += 136;
  }
  y = storeOctet(y, a0, b0, outputs);
  y = storeOctet(y, a1, b1, outputs);
  y = storeOctet(y, a2, b2, outputs);
  storeOctet(y, a3, b3, outputs);
}

/** acc + two chunks. */
function chunks<Q>(acc: v128, x: usize, v: usize, values: v128, nibble: v128, ones: v128): v128 {
  const v0 = v128.load(v, sizeof<Q>() == 1 ? 8 : 24),
    l0 = i8x16.swizzle(values, v128.and(v0, nibble)),
    h0 = i8x16.swizzle(values, v128.and(i16x8.shr_u(v0, 4), nibble));
  const v1 = v128.load(v, sizeof<Q>() == 1 ? 40 : 56),
    l1 = i8x16.swizzle(values, v128.and(v1, nibble)),
    h1 = i8x16.swizzle(values, v128.and(i16x8.shr_u(v1, 4), nibble));
  return i32x4.add(acc, i32x4.dot_i16x8_s(dots(x, l0, h0, l1, h1), ones));
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
    values = v128.load(E2M1);
  for (; w < end; w += 136) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    if (ASC_FEATURE_RELAXED_SIMD) {
      const ones = v128.load(ONES);
      for (let c: usize = 0; c < 16; c += 8) {
        const av0 = v128.load(w + (c << 3), 8),
          al0 = i8x16.swizzle(values, v128.and(av0, nibble)),
          ah0 = i8x16.swizzle(values, v128.and(i16x8.shr_u(av0, 4), nibble));
        const av1 = v128.load(w + (c << 3), 40),
          al1 = i8x16.swizzle(values, v128.and(av1, nibble)),
          ah1 = i8x16.swizzle(values, v128.and(i16x8.shr_u(av1, 4), nibble));
        const bv0 = v128.load(w + (c << 3), 24),
          bl0 = i8x16.swizzle(values, v128.and(bv0, nibble)),
          bh0 = i8x16.swizzle(values, v128.and(i16x8.shr_u(bv0, 4), nibble));
        const bv1 = v128.load(w + (c << 3), 56),
          bl1 = i8x16.swizzle(values, v128.and(bv1, nibble)),
          bh1 = i8x16.swizzle(values, v128.and(i16x8.shr_u(bv1, 4), nibble));
        ai0 = i32x4.add(ai0, i32x4.dot_i16x8_s(dots(x0 + c, al0, ah0, al1, ah1), ones));
        bi0 = i32x4.add(bi0, i32x4.dot_i16x8_s(dots(x0 + c, bl0, bh0, bl1, bh1), ones));
        if (sizeof<T>() > 1) {
          ai1 = i32x4.add(ai1, i32x4.dot_i16x8_s(dots(x1 + c, al0, ah0, al1, ah1), ones));
          bi1 = i32x4.add(bi1, i32x4.dot_i16x8_s(dots(x1 + c, bl0, bh0, bl1, bh1), ones));
        }
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.dot_i16x8_s(dots(x2 + c, al0, ah0, al1, ah1), ones));
          bi2 = i32x4.add(bi2, i32x4.dot_i16x8_s(dots(x2 + c, bl0, bh0, bl1, bh1), ones));
          ai3 = i32x4.add(ai3, i32x4.dot_i16x8_s(dots(x3 + c, al0, ah0, al1, ah1), ones));
          bi3 = i32x4.add(bi3, i32x4.dot_i16x8_s(dots(x3 + c, bl0, bh0, bl1, bh1), ones));
        }
      }
    } else {
      for (let c: usize = 0; c < 32; c += 8) {
        const a = v128.load(w + (c << 2), 8),
          al = i8x16.swizzle(values, v128.and(a, nibble)),
          ah = i8x16.swizzle(values, v128.and(i16x8.shr_u(a, 4), nibble));
        const b = v128.load(w + (c << 2), 24),
          bl = i8x16.swizzle(values, v128.and(b, nibble)),
          bh = i8x16.swizzle(values, v128.and(i16x8.shr_u(b, 4), nibble));
        ai0 = i32x4.add(ai0, wideDots(x0 + c, al, ah, even));
        bi0 = i32x4.add(bi0, wideDots(x0 + c, bl, bh, even));
        if (sizeof<T>() > 1) {
          ai1 = i32x4.add(ai1, wideDots(x1 + c, al, ah, even));
          bi1 = i32x4.add(bi1, wideDots(x1 + c, bl, bh, even));
        }
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, wideDots(x2 + c, al, ah, even));
          bi2 = i32x4.add(bi2, wideDots(x2 + c, bl, bh, even));
          ai3 = i32x4.add(ai3, wideDots(x3 + c, al, ah, even));
          bi3 = i32x4.add(bi3, wideDots(x3 + c, bl, bh, even));
        }
      }
    }
    const ad = loadE8M0x4(w),
      bd = loadE8M0x4(w + 4);
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

/** Two chunks, weights + 12 in 0…24: at most 4 · 2 · 127 · 24 in an i16, so that eight would not fit. */
function dots(x: usize, l0: v128, h0: v128, l1: v128, h1: v128): v128 {
  return i16x8.add(
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x), l0), v128.relaxed_dot<i16>(v128.load32_splat(x, 16), h0)),
    i16x8.add(v128.relaxed_dot<i16>(v128.load32_splat(x, 4), l1), v128.relaxed_dot<i16>(v128.load32_splat(x, 20), h1)),
  );
}

/** One chunk against i16 activations: even bytes of l and h, then odd ones. */
function wideDots(x: usize, l: v128, h: v128, even: v128): v128 {
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), v128.and(l, even)), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), i16x8.shr_u(l, 8))),
    i32x4.add(
      i32x4.dot_i16x8_s(v128.load32_splat(x, 32), v128.and(h, even)),
      i32x4.dot_i16x8_s(v128.load32_splat(x, 36), i16x8.shr_u(h, 8)),
    ),
  );
}

/** Four exponents → 2^(e − 128), the half that belongs to doubled values. The two subnormal scales, e < 2, become 0. */
function loadE8M0x4(p: usize): v128 {
  const e = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(p)));
  return i32x4.shl(i32x4.max_s(i32x4.sub(e, i32x4.splat(1)), i32x4.splat(0)), 23);
}

/** acc + (d_w · d_x) · (Σ q·x − 12 Σ x) */
function block(acc: v128, dot: v128, d: v128, x: usize): v128 {
  const q = i32x4.sub(dot, i32x4.mul(v128.load32_splat(x, SUM32), i32x4.splat(12)));
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, D32)), f32x4.convert_i32x4_s(q)));
}
