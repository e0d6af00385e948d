import { loadF16x4, widenF16 } from "../f16";
import { A, B } from "../nibbles";
import { WIDE_BLOCK32, WIDE_D32, WIDE_SUM32 } from "../quantizeRow";
import { storeOctet, streamOutputs } from "../streams";

/** Tags for product and tile: Q8_1 has a minimum for each block and row. */
type Q8_0 = i8;
type Q8_1 = i16;

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q8_0's octets (formats/q8_0.ts), x in rows of quantizeRow32Wide.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 32;
 * outputs from … to, multiples of 8. Per output the additions are one a block of 32 columns, in order, whatever the tile.
 */
export function matmulQ8_0(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 31) == 0, "matmulQ8_0: cols must be a multiple of 32");
  assert(((from | to) & 7) == 0, "matmulQ8_0: from and to must be multiples of 8");
  product<Q8_0>(y, yStride, x, xStride, w, (<usize>cols >> 5) * 272, from, to, nRows);
}

/** The same for Q8_1's octets; two additions a block, the minimum's second. */
export function matmulQ8_1(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 31) == 0, "matmulQ8_1: cols must be a multiple of 32");
  assert(((from | to) & 7) == 0, "matmulQ8_1: from and to must be multiples of 8");
  product<Q8_1>(y, yStride, x, xStride, w, (<usize>cols >> 5) * 288, from, to, nRows);
}

/** `bytes`: of an octet. */
function product<F>(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, bytes: usize, from: i32, to: i32, nRows: i32): void {
  if (nRows == 1) {
    const outputs = streamOutputs(from, to);
    for (const end = from + outputs; from < end; from += 8)
      streams<F>(y + ((<usize>from) << 2), x, w + (<usize>from >> 3) * bytes, bytes, outputs);
    from += 3 * outputs;
  }
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + ((<usize>octet) << 2);
    let input = x;
    let left = nRows;
    for (; left >= 4; left -= 4, out += yStride << 2, input += xStride << 2) tile<u32, F>(out, yStride, input, xStride, weights, end);
    if (left >= 2) {
      tile<u16, F>(out, yStride, input, xStride, weights, end);
      out += yStride << 1;
      input += xStride << 1;
    }
    if (left & 1) tile<u8, F>(out, yStride, input, xStride, weights, end);
  }
}

/** One row × an octet of each of four streams, whose outputs are so many; see streams.ts. bytes: of an octet; y, w0: the first stream's. */
function streams<F>(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
  const apart = (outputs >> 3) * bytes,
    end = w0 + bytes;
  let w1 = w0 + apart,
    w2 = w1 + apart,
    w3 = w2 + apart;
  const header: usize = sizeof<F>() == sizeof<Q8_1>() ? 32 : 16;
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  for (; w0 < end; x += WIDE_BLOCK32) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let c: usize = 0; c < 64; c += 8) {
      const v = header + (c << 2),
        xc = x + c;
      ai0 = chunk<A>(ai0, xc, w0 + v);
      bi0 = chunk<B>(bi0, xc, w0 + v);
      ai1 = chunk<A>(ai1, xc, w1 + v);
      bi1 = chunk<B>(bi1, xc, w1 + v);
      ai2 = chunk<A>(ai2, xc, w2 + v);
      bi2 = chunk<B>(bi2, xc, w2 + v);
      ai3 = chunk<A>(ai3, xc, w3 + v);
      bi3 = chunk<B>(bi3, xc, w3 + v);
    }
    a0 = block(a0, ai0, loadF16x4(w0), x);
    b0 = block(b0, bi0, widenF16(v128.load16x4_s(w0, 8)), x);
    a1 = block(a1, ai1, loadF16x4(w1), x);
    b1 = block(b1, bi1, widenF16(v128.load16x4_s(w1, 8)), x);
    a2 = block(a2, ai2, loadF16x4(w2), x);
    b2 = block(b2, bi2, widenF16(v128.load16x4_s(w2, 8)), x);
    a3 = block(a3, ai3, loadF16x4(w3), x);
    b3 = block(b3, bi3, widenF16(v128.load16x4_s(w3, 8)), x);
    if (sizeof<F>() == sizeof<Q8_1>()) {
      a0 = minimum(a0, widenF16(v128.load16x4_s(w0, 16)), x);
      b0 = minimum(b0, widenF16(v128.load16x4_s(w0, 24)), x);
      a1 = minimum(a1, widenF16(v128.load16x4_s(w1, 16)), x);
      b1 = minimum(b1, widenF16(v128.load16x4_s(w1, 24)), x);
      a2 = minimum(a2, widenF16(v128.load16x4_s(w2, 16)), x);
      b2 = minimum(b2, widenF16(v128.load16x4_s(w2, 24)), x);
      a3 = minimum(a3, widenF16(v128.load16x4_s(w3, 16)), x);
      b3 = minimum(b3, widenF16(v128.load16x4_s(w3, 24)), x);
    }
    w0 += header + 256;
    w1 += header + 256;
    w2 += header + 256;
    w3 += header + 256;
  }
  y = storeOctet(y, a0, b0, outputs);
  y = storeOctet(y, a1, b1, outputs);
  y = storeOctet(y, a2, b2, outputs);
  storeOctet(y, a3, b3, outputs);
}

/** acc + four columns. */
function chunk<Q>(acc: v128, x: usize, v: usize): v128 {
  const w = v128.load(v, sizeof<Q>() == 1 ? 0 : 16);
  return i32x4.add(acc, dots(x, i16x8.shr_s(i16x8.shl(w, 8), 8), i16x8.shr_s(w, 8)));
}

/** 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, so that V8 can pair them. */
function tile<T, F>(y: usize, yStride: usize, x0: usize, xStride: usize, w: usize, end: usize): void {
  const header: usize = sizeof<F>() == sizeof<Q8_1>() ? 32 : 16;
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
  for (; w < end; w += header + 256) {
    const q = w + header;
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let c: usize = 0; c < 64; c += 8) {
      const a = v128.load(q + (c << 2)),
        ae = i16x8.shr_s(i16x8.shl(a, 8), 8),
        ao = i16x8.shr_s(a, 8);
      const b = v128.load(q + (c << 2), 16),
        be = i16x8.shr_s(i16x8.shl(b, 8), 8),
        bo = i16x8.shr_s(b, 8);
      ai0 = i32x4.add(ai0, dots(x0 + c, ae, ao));
      bi0 = i32x4.add(bi0, dots(x0 + c, be, bo));
      if (sizeof<T>() > 1) {
        ai1 = i32x4.add(ai1, dots(x1 + c, ae, ao));
        bi1 = i32x4.add(bi1, dots(x1 + c, be, bo));
      }
      if (sizeof<T>() > 2) {
        ai2 = i32x4.add(ai2, dots(x2 + c, ae, ao));
        bi2 = i32x4.add(bi2, dots(x2 + c, be, bo));
        ai3 = i32x4.add(ai3, dots(x3 + c, ae, ao));
        bi3 = i32x4.add(bi3, dots(x3 + c, be, bo));
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
    if (sizeof<F>() == sizeof<Q8_1>()) {
      const am = widenF16(v128.load16x4_s(w, 16)),
        bm = widenF16(v128.load16x4_s(w, 24));
      a0 = minimum(a0, am, x0);
      if (sizeof<T>() > 1) a1 = minimum(a1, am, x1);
      if (sizeof<T>() > 2) {
        a2 = minimum(a2, am, x2);
        a3 = minimum(a3, am, x3);
      }
      b0 = minimum(b0, bm, x0);
      if (sizeof<T>() > 1) b1 = minimum(b1, bm, x1);
      if (sizeof<T>() > 2) {
        b2 = minimum(b2, bm, x2);
        b3 = minimum(b3, bm, x3);
      }
    }
    x0 += WIDE_BLOCK32;
    if (sizeof<T>() > 1) x1 += WIDE_BLOCK32;
    if (sizeof<T>() > 2) {
      x2 += WIDE_BLOCK32;
      x3 += WIDE_BLOCK32;
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

/** Four columns: even columns' weights and odd columns' weights, sign-extended to i16. */
function dots(x: usize, even: v128, odd: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), even), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), odd));
}

/** acc + (d_w · d_x) · Σ q·x */
function block(acc: v128, dot: v128, d: v128, x: usize): v128 {
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, WIDE_D32)), f32x4.convert_i32x4_s(dot)));
}

/** acc + (m_w · d_x) · Σ x */
function minimum(acc: v128, m: v128, x: usize): v128 {
  return f32x4.add(acc, f32x4.mul(f32x4.mul(m, v128.load32_splat(x, WIDE_D32)), f32x4.convert_i32x4_s(v128.load32_splat(x, WIDE_SUM32))));
}
