import { BYTE16, LOW6 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { BLOCK256 } from "../quantizeRow";
import { block, high, offsets, subBlock, WIDE } from "../sixBits";
import { streamOutputs } from "../streams";
import { firstScale } from "../sums";
import { streams } from "./q6_k_streams";

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
  const even = v128.load(BYTE16),
    low = v128.load(LOW6);
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
        o = ((<usize>(turn >> 1)) << 7) + ((<usize>(turn & 1)) << 4);
      // Three sub-blocks' weights are the low six bits of bytes, ...
      for (const first = p; p < first + 96; p += 32, o += 32, scales += 16) {
        const as = firstScale(v128.load8x8_s(scales, 16)),
          bs = firstScale(v128.load8x8_s(scales, 24));
        for (let c: usize = 0; c < 16; c += 8) {
          const m = p + c * 24;
          const va0 = v128.and(v128.load(m, 144), low),
            va1 = v128.and(v128.load(m, 240), low);
          const vb0 = v128.and(v128.load(m, 160), low),
            vb1 = v128.and(v128.load(m, 256), low);
          const x = (o + c) << WIDE;
          ai0 = subBlock(ai0, x0 + x, va0, va1, as, even);
          bi0 = subBlock(bi0, x0 + x, vb0, vb1, bs, even);
          if (sizeof<T>() > 1) {
            ai1 = subBlock(ai1, x1 + x, va0, va1, as, even);
            bi1 = subBlock(bi1, x1 + x, vb0, vb1, bs, even);
          }
          if (sizeof<T>() > 2) {
            ai2 = subBlock(ai2, x2 + x, va0, va1, as, even);
            bi2 = subBlock(bi2, x2 + x, vb0, vb1, bs, even);
            ai3 = subBlock(ai3, x3 + x, va0, va1, as, even);
            bi3 = subBlock(bi3, x3 + x, vb0, vb1, bs, even);
          }
        }
      }
      // ... the fourth's are the high two of all three.
      const as = firstScale(v128.load8x8_s(scales, 16)),
        bs = firstScale(v128.load8x8_s(scales, 24));
      for (let c: usize = 0; c < 16; c += 8) {
        const m = p + c * 24;
        const va0 = high(v128.load(m, 48), v128.load(m, 80), v128.load(m, 112), low),
          va1 = high(v128.load(m, 144), v128.load(m, 176), v128.load(m, 208), low);
        const vb0 = high(v128.load(m, 64), v128.load(m, 96), v128.load(m, 128), low),
          vb1 = high(v128.load(m, 160), v128.load(m, 192), v128.load(m, 224), low);
        const x = (o + c) << WIDE;
        ai0 = subBlock(ai0, x0 + x, va0, va1, as, even);
        bi0 = subBlock(bi0, x0 + x, vb0, vb1, bs, even);
        if (sizeof<T>() > 1) {
          ai1 = subBlock(ai1, x1 + x, va0, va1, as, even);
          bi1 = subBlock(bi1, x1 + x, vb0, vb1, bs, even);
        }
        if (sizeof<T>() > 2) {
          ai2 = subBlock(ai2, x2 + x, va0, va1, as, even);
          bi2 = subBlock(bi2, x2 + x, vb0, vb1, bs, even);
          ai3 = subBlock(ai3, x3 + x, va0, va1, as, even);
          bi3 = subBlock(bi3, x3 + x, vb0, vb1, bs, even);
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
