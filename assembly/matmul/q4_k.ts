import { NIBBLE, NIBBLE16 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { A, B, dots, high0, high1, highs, less, low0, low1, lows, SHIFT, sixteenfold, sixteenth } from "../nibbles";
import { BLOCK256, D256, SUMS32 } from "../quantizeRow";
import { firstScale, scaled, secondScale } from "../sums";
import { storeOctet, streamOutputs } from "../streams";

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
  const nibble = v128.load(NIBBLE),
    upper = ASC_FEATURE_RELAXED_SIMD ? nibble : i16x8.shl(v128.load(NIBBLE16), 4);
  for (; w0 < end; x += BLOCK256) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let g: usize = 0; g < 4; g++) {
      const s = g << 4,
        o = x + g * 2 * SPAN;
      let sa0 = i32x4.splat(0),
        sb0 = sa0,
        sa1 = sa0,
        sb1 = sa0,
        sa2 = sa0,
        sb2 = sa0,
        sa3 = sa0,
        sb3 = sa0;
      for (let c: usize = 0; c < SPAN; c += 8) {
        const v = (g << 8) + (c << SHIFT) + 160;
        const x0 = v128.load32_splat(o + c),
          x1 = less(v128.load32_splat(o + c, 4), x0, 8);
        sa0 = lows<A>(sa0, x0, x1, w0 + v, nibble);
        sb0 = lows<B>(sb0, x0, x1, w0 + v, nibble);
        sa1 = lows<A>(sa1, x0, x1, w1 + v, nibble);
        sb1 = lows<B>(sb1, x0, x1, w1 + v, nibble);
        sa2 = lows<A>(sa2, x0, x1, w2 + v, nibble);
        sb2 = lows<B>(sb2, x0, x1, w2 + v, nibble);
        sa3 = lows<A>(sa3, x0, x1, w3 + v, nibble);
        sb3 = lows<B>(sb3, x0, x1, w3 + v, nibble);
      }
      ai0 = scaled(ai0, sa0, firstScale(v128.load8x8_u(w0 + s, 32)));
      bi0 = scaled(bi0, sb0, firstScale(v128.load8x8_u(w0 + s, 40)));
      ai1 = scaled(ai1, sa1, firstScale(v128.load8x8_u(w1 + s, 32)));
      bi1 = scaled(bi1, sb1, firstScale(v128.load8x8_u(w1 + s, 40)));
      ai2 = scaled(ai2, sa2, firstScale(v128.load8x8_u(w2 + s, 32)));
      bi2 = scaled(bi2, sb2, firstScale(v128.load8x8_u(w2 + s, 40)));
      ai3 = scaled(ai3, sa3, firstScale(v128.load8x8_u(w3 + s, 32)));
      bi3 = scaled(bi3, sb3, firstScale(v128.load8x8_u(w3 + s, 40)));
      sa0 = sb0 = sa1 = sb1 = sa2 = sb2 = sa3 = sb3 = i32x4.splat(0);
      for (let c: usize = 0; c < SPAN; c += 8) {
        const v = (g << 8) + (c << SHIFT) + 160;
        const x0 = v128.load32_splat(o + SPAN + c),
          x1 = sixteenfold(v128.load32_splat(o + SPAN + c, 4));
        sa0 = highs<A>(sa0, x0, x1, w0 + v, upper);
        sb0 = highs<B>(sb0, x0, x1, w0 + v, upper);
        sa1 = highs<A>(sa1, x0, x1, w1 + v, upper);
        sb1 = highs<B>(sb1, x0, x1, w1 + v, upper);
        sa2 = highs<A>(sa2, x0, x1, w2 + v, upper);
        sb2 = highs<B>(sb2, x0, x1, w2 + v, upper);
        sa3 = highs<A>(sa3, x0, x1, w3 + v, upper);
        sb3 = highs<B>(sb3, x0, x1, w3 + v, upper);
      }
      ai0 = scaled(ai0, sixteenth(sa0), secondScale(v128.load8x8_u(w0 + s, 32)));
      bi0 = scaled(bi0, sixteenth(sb0), secondScale(v128.load8x8_u(w0 + s, 40)));
      ai1 = scaled(ai1, sixteenth(sa1), secondScale(v128.load8x8_u(w1 + s, 32)));
      bi1 = scaled(bi1, sixteenth(sb1), secondScale(v128.load8x8_u(w1 + s, 40)));
      ai2 = scaled(ai2, sixteenth(sa2), secondScale(v128.load8x8_u(w2 + s, 32)));
      bi2 = scaled(bi2, sixteenth(sb2), secondScale(v128.load8x8_u(w2 + s, 40)));
      ai3 = scaled(ai3, sixteenth(sa3), secondScale(v128.load8x8_u(w3 + s, 32)));
      bi3 = scaled(bi3, sixteenth(sb3), secondScale(v128.load8x8_u(w3 + s, 40)));
    }
    a0 = block(a0, ai0, loadF16x4(w0), widenF16(v128.load16x4_s(w0, 16)), w0 + 96, x);
    b0 = block(b0, bi0, widenF16(v128.load16x4_s(w0, 8)), widenF16(v128.load16x4_s(w0, 24)), w0 + 104, x);
    a1 = block(a1, ai1, loadF16x4(w1), widenF16(v128.load16x4_s(w1, 16)), w1 + 96, x);
    b1 = block(b1, bi1, widenF16(v128.load16x4_s(w1, 8)), widenF16(v128.load16x4_s(w1, 24)), w1 + 104, x);
    a2 = block(a2, ai2, loadF16x4(w2), widenF16(v128.load16x4_s(w2, 16)), w2 + 96, x);
    b2 = block(b2, bi2, widenF16(v128.load16x4_s(w2, 8)), widenF16(v128.load16x4_s(w2, 24)), w2 + 104, x);
    a3 = block(a3, ai3, loadF16x4(w3), widenF16(v128.load16x4_s(w3, 16)), w3 + 96, x);
    b3 = block(b3, bi3, widenF16(v128.load16x4_s(w3, 8)), widenF16(v128.load16x4_s(w3, 24)), w3 + 104, x);
    w0 += 1184;
    w1 += 1184;
    w2 += 1184;
    w3 += 1184;
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
  const nibble = v128.load(ASC_FEATURE_RELAXED_SIMD ? NIBBLE : NIBBLE16);
  for (; w < end; w += 1184) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let g: usize = 0; g < 4; g++) {
      const p = w + 160 + (g << 8),
        o = g * 2 * SPAN;
      const as = v128.load8x8_u(w + (g << 4), 32),
        as0 = firstScale(as),
        as1 = secondScale(as);
      const bs = v128.load8x8_u(w + (g << 4), 40),
        bs0 = firstScale(bs),
        bs1 = secondScale(bs);
      let sa0 = i32x4.splat(0),
        sb0 = sa0,
        sa1 = sa0,
        sb1 = sa0,
        sa2 = sa0,
        sb2 = sa0,
        sa3 = sa0,
        sb3 = sa0;
      for (let c: usize = 0; c < SPAN; c += 8) {
        const v = p + (c << SHIFT),
          x = o + c;
        const wa0 = low0<A>(v, nibble),
          wa1 = low1<A>(v, nibble),
          wb0 = low0<B>(v, nibble),
          wb1 = low1<B>(v, nibble);
        sa0 = dots(sa0, x0 + x, wa0, wa1);
        sb0 = dots(sb0, x0 + x, wb0, wb1);
        if (sizeof<T>() > 1) {
          sa1 = dots(sa1, x1 + x, wa0, wa1);
          sb1 = dots(sb1, x1 + x, wb0, wb1);
        }
        if (sizeof<T>() > 2) {
          sa2 = dots(sa2, x2 + x, wa0, wa1);
          sb2 = dots(sb2, x2 + x, wb0, wb1);
          sa3 = dots(sa3, x3 + x, wa0, wa1);
          sb3 = dots(sb3, x3 + x, wb0, wb1);
        }
      }
      ai0 = scaled(ai0, sa0, as0);
      bi0 = scaled(bi0, sb0, bs0);
      if (sizeof<T>() > 1) {
        ai1 = scaled(ai1, sa1, as0);
        bi1 = scaled(bi1, sb1, bs0);
      }
      if (sizeof<T>() > 2) {
        ai2 = scaled(ai2, sa2, as0);
        bi2 = scaled(bi2, sb2, bs0);
        ai3 = scaled(ai3, sa3, as0);
        bi3 = scaled(bi3, sb3, bs0);
      }
      sa0 = sb0 = sa1 = sb1 = sa2 = sb2 = sa3 = sb3 = i32x4.splat(0);
      for (let c: usize = 0; c < SPAN; c += 8) {
        const v = p + (c << SHIFT),
          x = o + c + SPAN;
        const wa0 = high0<A>(v, nibble),
          wa1 = high1<A>(v, nibble),
          wb0 = high0<B>(v, nibble),
          wb1 = high1<B>(v, nibble);
        sa0 = dots(sa0, x0 + x, wa0, wa1);
        sb0 = dots(sb0, x0 + x, wb0, wb1);
        if (sizeof<T>() > 1) {
          sa1 = dots(sa1, x1 + x, wa0, wa1);
          sb1 = dots(sb1, x1 + x, wb0, wb1);
        }
        if (sizeof<T>() > 2) {
          sa2 = dots(sa2, x2 + x, wa0, wa1);
          sb2 = dots(sb2, x2 + x, wb0, wb1);
          sa3 = dots(sa3, x3 + x, wa0, wa1);
          sb3 = dots(sb3, x3 + x, wb0, wb1);
        }
      }
      ai0 = scaled(ai0, sa0, as1);
      bi0 = scaled(bi0, sb0, bs1);
      if (sizeof<T>() > 1) {
        ai1 = scaled(ai1, sa1, as1);
        bi1 = scaled(bi1, sb1, bs1);
      }
      if (sizeof<T>() > 2) {
        ai2 = scaled(ai2, sa2, as1);
        bi2 = scaled(bi2, sb2, bs1);
        ai3 = scaled(ai3, sa3, as1);
        bi3 = scaled(bi3, sb3, bs1);
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

/** Bytes of a sub-block's 32 activations. Of their products a lane of i16 adds 16: at most 16 · 127 · 15. */
const SPAN: usize = ASC_FEATURE_RELAXED_SIMD ? 32 : 64;

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
