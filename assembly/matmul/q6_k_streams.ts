import { BYTE16, LOW6 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { A, B, less } from "../nibbles";
import { BLOCK256 } from "../quantizeRow";
import { block, high, offsets, subBlock, WIDE } from "../sixBits";
import { storeOctet } from "../streams";
import { firstScale, scaled } from "../sums";

/** One row × an octet of each of four streams, whose outputs are so many; see streams.ts. bytes: of an octet; y, w0: the first stream's. */
export function streams(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) relaxed(y, x, w0, bytes, outputs);
  else plain(y, x, w0, bytes, outputs);
}

/** To add a sum's pairs is to scale it: so each sum of two chunks is scaled. */
function relaxed(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
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
  const even = v128.load(BYTE16),
    low = v128.load(LOW6);
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
        o = ((<usize>(turn >> 1)) << 7) + ((<usize>(turn & 1)) << 4);
      for (const first = p; p < first + 96; p += 32, o += 32, s += 16) {
        for (let c: usize = 0; c < 16; c += 8) {
          const m = p + c * 24,
            xc = x + ((o + c) << WIDE);
          ai0 = lowBits<A>(ai0, xc, w0 + m, w0 + s, low, even);
          bi0 = lowBits<B>(bi0, xc, w0 + m, w0 + s, low, even);
          ai1 = lowBits<A>(ai1, xc, w1 + m, w1 + s, low, even);
          bi1 = lowBits<B>(bi1, xc, w1 + m, w1 + s, low, even);
          ai2 = lowBits<A>(ai2, xc, w2 + m, w2 + s, low, even);
          bi2 = lowBits<B>(bi2, xc, w2 + m, w2 + s, low, even);
          ai3 = lowBits<A>(ai3, xc, w3 + m, w3 + s, low, even);
          bi3 = lowBits<B>(bi3, xc, w3 + m, w3 + s, low, even);
        }
      }
      for (let c: usize = 0; c < 16; c += 8) {
        const m = p + c * 24,
          xc = x + ((o + c) << WIDE);
        ai0 = highBits<A>(ai0, xc, w0 + m, w0 + s, low, even);
        bi0 = highBits<B>(bi0, xc, w0 + m, w0 + s, low, even);
        ai1 = highBits<A>(ai1, xc, w1 + m, w1 + s, low, even);
        bi1 = highBits<B>(bi1, xc, w1 + m, w1 + s, low, even);
        ai2 = highBits<A>(ai2, xc, w2 + m, w2 + s, low, even);
        bi2 = highBits<B>(bi2, xc, w2 + m, w2 + s, low, even);
        ai3 = highBits<A>(ai3, xc, w3 + m, w3 + s, low, even);
        bi3 = highBits<B>(bi3, xc, w3 + m, w3 + s, low, even);
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

/** A sub-block of four chunks is summed up, and then scaled. */
function plain(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
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
        o = x + ((((<usize>(turn >> 1)) << 7) + ((<usize>(turn & 1)) << 4)) << 1);
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

/** acc + a chunk, of whose weights each lane has two: both at once, then the second alone, its activation `less` what the first makes of it. */
function chunk(acc: v128, x0: v128, x1: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.add(i32x4.dot_i16x8_s(x0, w), i32x4.dot_i16x8_s(x1, i16x8.shr_u(w, 8))));
}

/** acc + two chunks of one of the first three sub-blocks. */
function lowBits<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128, even: v128): v128 {
  const q: usize = sizeof<Q>() == 1 ? 0 : 16;
  const w0 = v128.and(v128.load(m + q, 144), low),
    w1 = v128.and(v128.load(m + q, 240), low);
  return subBlock(acc, x, w0, w1, firstScale(v128.load8x8_s(scales + (q >> 1), 16)), even);
}

/** acc + two chunks of the fourth. */
function highBits<Q>(acc: v128, x: usize, m: usize, scales: usize, low: v128, even: v128): v128 {
  const q: usize = sizeof<Q>() == 1 ? 0 : 16;
  const w0 = high(v128.load(m + q, 48), v128.load(m + q, 80), v128.load(m + q, 112), low),
    w1 = high(v128.load(m + q, 144), v128.load(m + q, 176), v128.load(m + q, 208), low);
  return subBlock(acc, x, w0, w1, firstScale(v128.load8x8_s(scales + (q >> 1), 16)), even);
}
