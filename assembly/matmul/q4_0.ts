import { LESS8, NIBBLE, NIBBLE16, ONES } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { A, B, dots, high0, high1, less, low0, low1, openHighs, openLows, SHIFT } from "../nibbles";
import { BLOCK32, D32, SUM32 } from "../quantizeRow";
import { storeOctet, streamOutputs } from "../streams";
import { whole } from "../sums";

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
  if (nRows == 1) {
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
  const nibble = v128.load(ASC_FEATURE_RELAXED_SIMD ? NIBBLE : NIBBLE16),
    ones = v128.load(ONES),
    less8 = v128.load(LESS8);
  for (; w0 < end; x += BLOCK32) {
    let ai0 = offset(x, less8),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let c: usize = 0; c < HALF; c += 8) {
      const v = (c << SHIFT) + 16;
      const l0 = v128.load32_splat(x + c),
        h0 = v128.load32_splat(x + c + HALF);
      const l1 = less(v128.load32_splat(x + c, 4), h0, 4),
        h1 = less(v128.load32_splat(x + c + HALF, 4), v128.load32_splat(x + c, 4), 4);
      ai0 = openLows<A>(ai0, l0, l1, w0 + v, nibble);
      bi0 = openLows<B>(bi0, l0, l1, w0 + v, nibble);
      ai1 = openLows<A>(ai1, l0, l1, w1 + v, nibble);
      bi1 = openLows<B>(bi1, l0, l1, w1 + v, nibble);
      ai2 = openLows<A>(ai2, l0, l1, w2 + v, nibble);
      bi2 = openLows<B>(bi2, l0, l1, w2 + v, nibble);
      ai3 = openLows<A>(ai3, l0, l1, w3 + v, nibble);
      bi3 = openLows<B>(bi3, l0, l1, w3 + v, nibble);
      ai0 = openHighs<A>(ai0, h0, h1, w0 + v, nibble);
      bi0 = openHighs<B>(bi0, h0, h1, w0 + v, nibble);
      ai1 = openHighs<A>(ai1, h0, h1, w1 + v, nibble);
      bi1 = openHighs<B>(bi1, h0, h1, w1 + v, nibble);
      ai2 = openHighs<A>(ai2, h0, h1, w2 + v, nibble);
      bi2 = openHighs<B>(bi2, h0, h1, w2 + v, nibble);
      ai3 = openHighs<A>(ai3, h0, h1, w3 + v, nibble);
      bi3 = openHighs<B>(bi3, h0, h1, w3 + v, nibble);
    }
    a0 = block(a0, ai0, ones, loadF16x4(w0), x);
    b0 = block(b0, bi0, ones, widenF16(v128.load16x4_s(w0, 8)), x);
    a1 = block(a1, ai1, ones, loadF16x4(w1), x);
    b1 = block(b1, bi1, ones, widenF16(v128.load16x4_s(w1, 8)), x);
    a2 = block(a2, ai2, ones, loadF16x4(w2), x);
    b2 = block(b2, bi2, ones, widenF16(v128.load16x4_s(w2, 8)), x);
    a3 = block(a3, ai3, ones, loadF16x4(w3), x);
    b3 = block(b3, bi3, ones, widenF16(v128.load16x4_s(w3, 8)), x);
    w0 += 144;
    w1 += 144;
    w2 += 144;
    w3 += 144;
  }
  y = storeOctet(y, a0, b0, outputs);
  y = storeOctet(y, a1, b1, outputs);
  y = storeOctet(y, a2, b2, outputs);
  storeOctet(y, a3, b3, outputs);
}

/** 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, in short loops; see sums.ts. */
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
  const nibble = v128.load(ASC_FEATURE_RELAXED_SIMD ? NIBBLE : NIBBLE16),
    ones = v128.load(ONES),
    less8 = v128.load(LESS8);
  for (; w < end; w += 144) {
    let ai0 = offset(x0, less8),
      bi0 = ai0,
      ai1 = sizeof<T>() > 1 ? offset(x1, less8) : ai0,
      bi1 = ai1,
      ai2 = sizeof<T>() > 2 ? offset(x2, less8) : ai0,
      bi2 = ai2,
      ai3 = sizeof<T>() > 2 ? offset(x3, less8) : ai0,
      bi3 = ai3;
    for (let c: usize = 0; c < HALF; c += 8) {
      const v = w + 16 + (c << SHIFT);
      const al0 = low0<A>(v, nibble),
        al1 = low1<A>(v, nibble),
        bl0 = low0<B>(v, nibble),
        bl1 = low1<B>(v, nibble);
      ai0 = dots(ai0, x0 + c, al0, al1);
      bi0 = dots(bi0, x0 + c, bl0, bl1);
      if (sizeof<T>() > 1) {
        ai1 = dots(ai1, x1 + c, al0, al1);
        bi1 = dots(bi1, x1 + c, bl0, bl1);
      }
      if (sizeof<T>() > 2) {
        ai2 = dots(ai2, x2 + c, al0, al1);
        bi2 = dots(bi2, x2 + c, bl0, bl1);
        ai3 = dots(ai3, x3 + c, al0, al1);
        bi3 = dots(bi3, x3 + c, bl0, bl1);
      }
    }
    for (let c: usize = 0; c < HALF; c += 8) {
      const v = w + 16 + (c << SHIFT);
      const ah0 = high0<A>(v, nibble),
        ah1 = high1<A>(v, nibble),
        bh0 = high0<B>(v, nibble),
        bh1 = high1<B>(v, nibble);
      ai0 = dots(ai0, x0 + c + HALF, ah0, ah1);
      bi0 = dots(bi0, x0 + c + HALF, bh0, bh1);
      if (sizeof<T>() > 1) {
        ai1 = dots(ai1, x1 + c + HALF, ah0, ah1);
        bi1 = dots(bi1, x1 + c + HALF, bh0, bh1);
      }
      if (sizeof<T>() > 2) {
        ai2 = dots(ai2, x2 + c + HALF, ah0, ah1);
        bi2 = dots(bi2, x2 + c + HALF, bh0, bh1);
        ai3 = dots(ai3, x3 + c + HALF, ah0, ah1);
        bi3 = dots(bi3, x3 + c + HALF, bh0, bh1);
      }
    }
    const ad = loadF16x4(w),
      bd = widenF16(v128.load16x4_s(w, 8));
    a0 = block(a0, ai0, ones, ad, x0);
    b0 = block(b0, bi0, ones, bd, x0);
    if (sizeof<T>() > 1) {
      a1 = block(a1, ai1, ones, ad, x1);
      b1 = block(b1, bi1, ones, bd, x1);
    }
    if (sizeof<T>() > 2) {
      a2 = block(a2, ai2, ones, ad, x2);
      b2 = block(b2, bi2, ones, bd, x2);
      a3 = block(a3, ai3, ones, ad, x3);
      b3 = block(b3, bi3, ones, bd, x3);
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

/** Bytes of sixteen columns of activations: what low and high nibbles of a block are multiplied with. */
const HALF: usize = ASC_FEATURE_RELAXED_SIMD ? 16 : 32;

/** What a block's sums begin with: −8 Σ x, as i32 or beside 0 as i16. A lane of i16 adds 16 products: in all 127 · (16 · 8 + 16 · 8) at most. */
function offset(x: usize, less8: v128): v128 {
  const sum = v128.load32_splat(x, SUM32);
  return ASC_FEATURE_RELAXED_SIMD ? i16x8.mul(sum, less8) : i32x4.dot_i16x8_s(sum, less8);
}

/** acc + (d_w · d_x) · (Σ q·x − 8 Σ x) */
function block(acc: v128, sums: v128, ones: v128, d: v128, x: usize): v128 {
  return f32x4.add(acc, f32x4.mul(f32x4.mul(d, v128.load32_splat(x, D32)), f32x4.convert_i32x4_s(whole(sums, ones))));
}
