import { BYTE16, LOW6 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { A, B, less } from "../nibbles";
import { BLOCK256 } from "../quantizeRow";
import { block, chunk, dots, high, high0, high1, highs, low0, low1, lows, offsets, scaleOf, SPAN, STEP, WIDE } from "../sixBits";
import { storeOctet, streamOutputs } from "../streams";
import { firstScale, scaled } from "../sums";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q6_K's octets (formats/q6_k.ts), x in rows of quantizeRow256.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 256;
 * outputs from … to, multiples of 8. Per output the additions are one a super-block of 256 columns, in order, whatever the tile.
 */
export function matmulQ6_K(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 255) == 0, "matmulQ6_K: cols must be a multiple of 256");
  assert(((from | to) & 7) == 0, "matmulQ6_K: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 8) * 1680;
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

/**
 * One row × an octet of each of four streams, whose outputs are so many; see streams.ts. bytes: of an octet; y, w0: the first stream's. Where a sum's
 * pairs have still to be added, to add them is to scale them: so each two chunks are scaled. In the plain build a sub-block is, as a whole.
 */
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
  const low = v128.load(LOW6);
  for (; w0 < end; x += BLOCK256) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    for (let turn = 0; turn < 4; turn++) {
      let s = ((<usize>(turn >> 1)) << 6) + (turn & 1),
        p = <usize>turn * 384,
        o = x + ((((<usize>(turn >> 1)) << 7) + ((<usize>(turn & 1)) << 4)) << WIDE);
      if (ASC_FEATURE_RELAXED_SIMD) {
        for (const first = p; p < first + 96; p += 32, o += 32, s += 16) {
          for (let c: usize = 0; c < 16; c += 8) {
            const m = p + c * 24,
              xc = o + c;
            ai0 = lows<A>(ai0, xc, w0 + m, w0 + s, low);
            bi0 = lows<B>(bi0, xc, w0 + m, w0 + s, low);
            ai1 = lows<A>(ai1, xc, w1 + m, w1 + s, low);
            bi1 = lows<B>(bi1, xc, w1 + m, w1 + s, low);
            ai2 = lows<A>(ai2, xc, w2 + m, w2 + s, low);
            bi2 = lows<B>(bi2, xc, w2 + m, w2 + s, low);
            ai3 = lows<A>(ai3, xc, w3 + m, w3 + s, low);
            bi3 = lows<B>(bi3, xc, w3 + m, w3 + s, low);
          }
        }
        for (let c: usize = 0; c < 16; c += 8) {
          const m = p + c * 24,
            xc = o + c;
          ai0 = highs<A>(ai0, xc, w0 + m, w0 + s, low);
          bi0 = highs<B>(bi0, xc, w0 + m, w0 + s, low);
          ai1 = highs<A>(ai1, xc, w1 + m, w1 + s, low);
          bi1 = highs<B>(bi1, xc, w1 + m, w1 + s, low);
          ai2 = highs<A>(ai2, xc, w2 + m, w2 + s, low);
          bi2 = highs<B>(bi2, xc, w2 + m, w2 + s, low);
          ai3 = highs<A>(ai3, xc, w3 + m, w3 + s, low);
          bi3 = highs<B>(bi3, xc, w3 + m, w3 + s, low);
        }
      } else {
        for (const last = p + 96; p <= last; p += 32, o += 64, s += 16) {
          let sa0 = i32x4.splat(0),
            sb0 = sa0,
            sa1 = sa0,
            sb1 = sa0,
            sa2 = sa0,
            sb2 = sa0,
            sa3 = sa0,
            sb3 = sa0;
          if (p < last) {
            for (let c: usize = 0; c < 4; c++) {
              const m = p + c * 96,
                x0 = v128.load32_splat(o + (c << 3)),
                x1 = less(v128.load32_splat(o + (c << 3), 4), x0, 8);
              sa0 = chunk(sa0, x0, x1, v128.and(v128.load(w0 + m, 144), low));
              sb0 = chunk(sb0, x0, x1, v128.and(v128.load(w0 + m, 160), low));
              sa1 = chunk(sa1, x0, x1, v128.and(v128.load(w1 + m, 144), low));
              sb1 = chunk(sb1, x0, x1, v128.and(v128.load(w1 + m, 160), low));
              sa2 = chunk(sa2, x0, x1, v128.and(v128.load(w2 + m, 144), low));
              sb2 = chunk(sb2, x0, x1, v128.and(v128.load(w2 + m, 160), low));
              sa3 = chunk(sa3, x0, x1, v128.and(v128.load(w3 + m, 144), low));
              sb3 = chunk(sb3, x0, x1, v128.and(v128.load(w3 + m, 160), low));
            }
          } else {
            for (let c: usize = 0; c < 4; c++) {
              const m = p + c * 96,
                x0 = v128.load32_splat(o + (c << 3)),
                x1 = less(v128.load32_splat(o + (c << 3), 4), x0, 8);
              sa0 = chunk(sa0, x0, x1, high(v128.load(w0 + m, 48), v128.load(w0 + m, 80), v128.load(w0 + m, 112), low));
              sb0 = chunk(sb0, x0, x1, high(v128.load(w0 + m, 64), v128.load(w0 + m, 96), v128.load(w0 + m, 128), low));
              sa1 = chunk(sa1, x0, x1, high(v128.load(w1 + m, 48), v128.load(w1 + m, 80), v128.load(w1 + m, 112), low));
              sb1 = chunk(sb1, x0, x1, high(v128.load(w1 + m, 64), v128.load(w1 + m, 96), v128.load(w1 + m, 128), low));
              sa2 = chunk(sa2, x0, x1, high(v128.load(w2 + m, 48), v128.load(w2 + m, 80), v128.load(w2 + m, 112), low));
              sb2 = chunk(sb2, x0, x1, high(v128.load(w2 + m, 64), v128.load(w2 + m, 96), v128.load(w2 + m, 128), low));
              sa3 = chunk(sa3, x0, x1, high(v128.load(w3 + m, 48), v128.load(w3 + m, 80), v128.load(w3 + m, 112), low));
              sb3 = chunk(sb3, x0, x1, high(v128.load(w3 + m, 64), v128.load(w3 + m, 96), v128.load(w3 + m, 128), low));
            }
          }
          ai0 = scaled(ai0, sa0, firstScale(v128.load8x8_s(w0 + s, 16)));
          bi0 = scaled(bi0, sb0, firstScale(v128.load8x8_s(w0 + s, 24)));
          ai1 = scaled(ai1, sa1, firstScale(v128.load8x8_s(w1 + s, 16)));
          bi1 = scaled(bi1, sb1, firstScale(v128.load8x8_s(w1 + s, 24)));
          ai2 = scaled(ai2, sa2, firstScale(v128.load8x8_s(w2 + s, 16)));
          bi2 = scaled(bi2, sb2, firstScale(v128.load8x8_s(w2 + s, 24)));
          ai3 = scaled(ai3, sa3, firstScale(v128.load8x8_s(w3 + s, 16)));
          bi3 = scaled(bi3, sb3, firstScale(v128.load8x8_s(w3 + s, 24)));
        }
      }
    }
    a0 = block(a0, ai0, offsets(w0 + 16, x), offsets(w0 + 80, x + 16), loadF16x4(w0), x);
    b0 = block(b0, bi0, offsets(w0 + 24, x), offsets(w0 + 88, x + 16), widenF16(v128.load16x4_s(w0, 8)), x);
    a1 = block(a1, ai1, offsets(w1 + 16, x), offsets(w1 + 80, x + 16), loadF16x4(w1), x);
    b1 = block(b1, bi1, offsets(w1 + 24, x), offsets(w1 + 88, x + 16), widenF16(v128.load16x4_s(w1, 8)), x);
    a2 = block(a2, ai2, offsets(w2 + 16, x), offsets(w2 + 80, x + 16), loadF16x4(w2), x);
    b2 = block(b2, bi2, offsets(w2 + 24, x), offsets(w2 + 88, x + 16), widenF16(v128.load16x4_s(w2, 8)), x);
    a3 = block(a3, ai3, offsets(w3 + 16, x), offsets(w3 + 80, x + 16), loadF16x4(w3), x);
    b3 = block(b3, bi3, offsets(w3 + 24, x), offsets(w3 + 88, x + 16), widenF16(v128.load16x4_s(w3, 8)), x);
    w0 += 1680;
    w1 += 1680;
    w2 += 1680;
    w3 += 1680;
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
  const low = v128.load(LOW6),
    six = ASC_FEATURE_RELAXED_SIMD ? low : v128.and(low, v128.load(BYTE16));
  for (; w < end; w += 1680) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    // A turn is one half of the super-block and 16 of its 32 columns: four sub-blocks, 32 columns apart, of 16 columns each.
    for (let turn = 0; turn < 4; turn++) {
      // Scales come in pairs of bytes: one byte further on, the second is where the first was.
      let scales = w + ((<usize>(turn >> 1)) << 6) + (turn & 1),
        p = w + <usize>turn * 384,
        o = (((<usize>(turn >> 1)) << 7) + ((<usize>(turn & 1)) << 4)) << WIDE;
      // Three sub-blocks' weights are the low six bits of bytes, ...
      for (const three = p + 96; p < three; p += 32, o += 32 << WIDE, scales += 16) {
        const as = scaleOf<T>(v128.load8x8_s(scales, 16)),
          bs = scaleOf<T>(v128.load8x8_s(scales, 24));
        for (let c: usize = 0; c < SPAN; c += 8) {
          const m = p + c * STEP,
            x = o + c;
          const va0 = low0<A, T>(m, as, six),
            va1 = low1<A, T>(m, as, six),
            vb0 = low0<B, T>(m, bs, six),
            vb1 = low1<B, T>(m, bs, six);
          ai0 = dots<T>(ai0, x0 + x, va0, va1, as);
          bi0 = dots<T>(bi0, x0 + x, vb0, vb1, bs);
          if (sizeof<T>() > 1) {
            ai1 = dots<T>(ai1, x1 + x, va0, va1, as);
            bi1 = dots<T>(bi1, x1 + x, vb0, vb1, bs);
          }
          if (sizeof<T>() > 2) {
            ai2 = dots<T>(ai2, x2 + x, va0, va1, as);
            bi2 = dots<T>(bi2, x2 + x, vb0, vb1, bs);
            ai3 = dots<T>(ai3, x3 + x, va0, va1, as);
            bi3 = dots<T>(bi3, x3 + x, vb0, vb1, bs);
          }
        }
      }
      // ... the fourth's are the high two of all three.
      const as = scaleOf<T>(v128.load8x8_s(scales, 16)),
        bs = scaleOf<T>(v128.load8x8_s(scales, 24));
      for (let c: usize = 0; c < SPAN; c += 8) {
        const m = p + c * STEP,
          x = o + c;
        const va0 = high0<A, T>(m, as, low, six),
          va1 = high1<A, T>(m, as, low),
          vb0 = high0<B, T>(m, bs, low, six),
          vb1 = high1<B, T>(m, bs, low);
        ai0 = dots<T>(ai0, x0 + x, va0, va1, as);
        bi0 = dots<T>(bi0, x0 + x, vb0, vb1, bs);
        if (sizeof<T>() > 1) {
          ai1 = dots<T>(ai1, x1 + x, va0, va1, as);
          bi1 = dots<T>(bi1, x1 + x, vb0, vb1, bs);
        }
        if (sizeof<T>() > 2) {
          ai2 = dots<T>(ai2, x2 + x, va0, va1, as);
          bi2 = dots<T>(bi2, x2 + x, vb0, vb1, bs);
          ai3 = dots<T>(ai3, x3 + x, va0, va1, as);
          bi3 = dots<T>(bi3, x3 + x, vb0, vb1, bs);
        }
      }
    }
    const ad = loadF16x4(w),
      bd = widenF16(v128.load16x4_s(w, 8));
    a0 = block(a0, ai0, offsets(w + 16, x0), offsets(w + 80, x0 + 16), ad, x0);
    if (sizeof<T>() > 1) a1 = block(a1, ai1, offsets(w + 16, x1), offsets(w + 80, x1 + 16), ad, x1);
    if (sizeof<T>() > 2) {
      a2 = block(a2, ai2, offsets(w + 16, x2), offsets(w + 80, x2 + 16), ad, x2);
      a3 = block(a3, ai3, offsets(w + 16, x3), offsets(w + 80, x3 + 16), ad, x3);
    }
    b0 = block(b0, bi0, offsets(w + 24, x0), offsets(w + 88, x0 + 16), bd, x0);
    if (sizeof<T>() > 1) b1 = block(b1, bi1, offsets(w + 24, x1), offsets(w + 88, x1 + 16), bd, x1);
    if (sizeof<T>() > 2) {
      b2 = block(b2, bi2, offsets(w + 24, x2), offsets(w + 88, x2 + 16), bd, x2);
      b3 = block(b3, bi3, offsets(w + 24, x3), offsets(w + 88, x3 + 16), bd, x3);
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
