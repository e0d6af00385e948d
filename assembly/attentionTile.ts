import { ROW, PAGE } from "./appendKv";
import { exp1, exp4 } from "./exp";
import { widenF16 } from "./f16";

/**
 * sizeof<N>() query heads, 1, 2 or 4, of one KV head, which read its keys and values in a page together: scores, softmax, weighted sum.
 *
 * T: what the page holds, f32, u16 for f16 or i8 for q8. out, maxima: of the first head's state (attention.ts); scores: f32[4][64] and four more.
 */
export function heads<T, N>(
  out: usize,
  maxima: usize,
  nHeads: usize,
  q: usize,
  keys: usize,
  keyScales: usize,
  values: usize,
  valueScales: usize,
  scores: usize,
  headDim: usize,
  count: usize,
): void {
  score<T, N>(scores, q, keys, headDim, count);
  for (let j: usize = 0; j < sizeof<N>(); j++) {
    const weights = scores + j * ROW,
      maximum = maxima + (j << 2);
    if (sizeof<T>() == 1) multiply(weights, keyScales, count);
    const before = f32.load(maximum);
    f32.store(scores + 4 * ROW + (j << 2), softmaxTile(weights, count, before, maximum, maximum + (nHeads << 2)));
    if (sizeof<T>() == 1) multiply(weights, valueScales, count);
  }
  accumulate<T, N>(out, scores, values, headDim, count);
}

/** y[p] *= x[p] for p < count. */
function multiply(y: usize, x: usize, count: usize): void {
  for (let o: usize = 0; o < count << 2; o += 4) f32.store(y + o, f32.load(y + o) * f32.load(x + o));
}

/**
 * scores[j][p] = q[j]·k[p] / √headDim for p < count; −∞ up to the next multiple of 16. Sixteen positions at a time, or eight for four heads:
 * eight sums go on side by side, so that no addition waits for the one before.
 */
function score<T, N>(scores: usize, q: usize, keys: usize, headDim: usize, count: usize): void {
  const scale = f32x4.splat(1 / sqrt<f32>(<f32>headDim));
  const row = PAGE * sizeof<T>();
  const q1 = q + (headDim << 2),
    q2 = q1 + (headDim << 2),
    q3 = q2 + (headDim << 2);
  for (let p: usize = 0; p < count; p += sizeof<N>() < 4 ? 16 : 8) {
    let a0 = f32x4.splat(0),
      b0 = a0,
      c0 = a0,
      d0 = a0,
      a1 = a0,
      b1 = a0,
      c1 = a0,
      d1 = a0,
      a2 = a0,
      b2 = a0,
      a3 = a0,
      b3 = a0;
    let k = keys + p * sizeof<T>();
    for (let i: usize = 0; i < headDim << 2; i += 4, k += row) {
      const x0 = v128.load32_splat(q + i);
      const a = widen<T>(
          sizeof<T>() == 4 ? v128.load(k) : sizeof<T>() == 2 ? v128.load16x4_s(k) : i32x4.extend_low_i16x8_s(v128.load8x8_s(k)),
        ),
        b = widen<T>(
          sizeof<T>() == 4 ? v128.load(k, 16) : sizeof<T>() == 2 ? v128.load16x4_s(k, 8) : i32x4.extend_high_i16x8_s(v128.load8x8_s(k)),
        );
      a0 = f32x4.add(a0, f32x4.mul(x0, a));
      b0 = f32x4.add(b0, f32x4.mul(x0, b));
      if (sizeof<N>() < 4) {
        const c = widen<T>(
            sizeof<T>() == 4
              ? v128.load(k, 32)
              : sizeof<T>() == 2
                ? v128.load16x4_s(k, 16)
                : i32x4.extend_low_i16x8_s(v128.load8x8_s(k, 8)),
          ),
          d = widen<T>(
            sizeof<T>() == 4
              ? v128.load(k, 48)
              : sizeof<T>() == 2
                ? v128.load16x4_s(k, 24)
                : i32x4.extend_high_i16x8_s(v128.load8x8_s(k, 8)),
          );
        c0 = f32x4.add(c0, f32x4.mul(x0, c));
        d0 = f32x4.add(d0, f32x4.mul(x0, d));
        if (sizeof<N>() > 1) {
          const x1 = v128.load32_splat(q1 + i);
          a1 = f32x4.add(a1, f32x4.mul(x1, a));
          b1 = f32x4.add(b1, f32x4.mul(x1, b));
          c1 = f32x4.add(c1, f32x4.mul(x1, c));
          d1 = f32x4.add(d1, f32x4.mul(x1, d));
        }
      } else {
        const x1 = v128.load32_splat(q1 + i);
        a1 = f32x4.add(a1, f32x4.mul(x1, a));
        b1 = f32x4.add(b1, f32x4.mul(x1, b));
        const x2 = v128.load32_splat(q2 + i);
        a2 = f32x4.add(a2, f32x4.mul(x2, a));
        b2 = f32x4.add(b2, f32x4.mul(x2, b));
        const x3 = v128.load32_splat(q3 + i);
        a3 = f32x4.add(a3, f32x4.mul(x3, a));
        b3 = f32x4.add(b3, f32x4.mul(x3, b));
      }
    }
    const at = scores + (p << 2);
    v128.store(at, f32x4.mul(a0, scale));
    v128.store(at, f32x4.mul(b0, scale), 16);
    if (sizeof<N>() > 1) {
      v128.store(at, f32x4.mul(a1, scale), ROW);
      v128.store(at, f32x4.mul(b1, scale), ROW + 16);
    }
    if (sizeof<N>() < 4) {
      v128.store(at, f32x4.mul(c0, scale), 32);
      v128.store(at, f32x4.mul(d0, scale), 48);
      if (sizeof<N>() > 1) {
        v128.store(at, f32x4.mul(c1, scale), ROW + 32);
        v128.store(at, f32x4.mul(d1, scale), ROW + 48);
      }
    } else {
      v128.store(at, f32x4.mul(a2, scale), 2 * ROW);
      v128.store(at, f32x4.mul(b2, scale), 2 * ROW + 16);
      v128.store(at, f32x4.mul(a3, scale), 3 * ROW);
      v128.store(at, f32x4.mul(b3, scale), 3 * ROW + 16);
    }
  }
  for (let j: usize = 0; j < sizeof<N>() * ROW; j += ROW) for (let p = count; p & 15; p++) f32.store(scores + j + (p << 2), -Infinity);
}

/** What was loaded of a page: f32, f16 with their sign, or int8 as i32. Loads are written out, offsets as immediates: V8 pairs those. */
function widen<T>(v: v128): v128 {
  return sizeof<T>() == 4 ? v : sizeof<T>() == 2 ? widenF16(v) : f32x4.convert_i32x4_s(v);
}

/** scores → exp(scores − max), max and sum moved on; what the state must be multiplied by. */
function softmaxTile(scores: usize, count: usize, before: f32, maximum: usize, total: usize): f32 {
  let max = before;
  for (let p: usize = 0; p < count; p++) {
    const s = f32.load(scores + (p << 2));
    if (s > max) max = s;
  }
  const shift = f32x4.splat(max);
  let sum: f32 = 0;
  for (let o: usize = 0; o < count << 2; o += 16) {
    const e = exp4(f32x4.sub(v128.load(scores + o), shift));
    v128.store(scores + o, e);
    sum += f32x4.extract_lane(e, 0) + f32x4.extract_lane(e, 1) + (f32x4.extract_lane(e, 2) + f32x4.extract_lane(e, 3));
  }
  const correction = exp1(before - max);
  f32.store(maximum, max);
  f32.store(total, f32.load(total) * correction + sum);
  return correction;
}

/** out[j] = out[j] · correction[j] + Σ_p weights[j][p] · v[p]; sixteen dimensions at a time, or eight for four heads. */
function accumulate<T, N>(out: usize, weights: usize, values: usize, headDim: usize, count: usize): void {
  const row = headDim * sizeof<T>();
  const next = headDim << 2; // from one head's output to the next
  const w0 = v128.load32_splat(weights, 4 * ROW),
    w1 = v128.load32_splat(weights, 4 * ROW + 4),
    w2 = v128.load32_splat(weights, 4 * ROW + 8),
    w3 = v128.load32_splat(weights, 4 * ROW + 12);
  for (let i: usize = 0; i < headDim; i += sizeof<N>() < 4 ? 16 : 8) {
    const at0 = out + (i << 2),
      at1 = at0 + next,
      at2 = at1 + next,
      at3 = at2 + next;
    let a0 = f32x4.mul(v128.load(at0), w0),
      b0 = f32x4.mul(v128.load(at0, 16), w0);
    let c0 = a0,
      d0 = a0,
      a1 = a0,
      b1 = a0,
      c1 = a0,
      d1 = a0,
      a2 = a0,
      b2 = a0,
      a3 = a0,
      b3 = a0;
    if (sizeof<N>() > 1) {
      a1 = f32x4.mul(v128.load(at1), w1);
      b1 = f32x4.mul(v128.load(at1, 16), w1);
    }
    if (sizeof<N>() < 4) {
      c0 = f32x4.mul(v128.load(at0, 32), w0);
      d0 = f32x4.mul(v128.load(at0, 48), w0);
      if (sizeof<N>() > 1) {
        c1 = f32x4.mul(v128.load(at1, 32), w1);
        d1 = f32x4.mul(v128.load(at1, 48), w1);
      }
    } else {
      a2 = f32x4.mul(v128.load(at2), w2);
      b2 = f32x4.mul(v128.load(at2, 16), w2);
      a3 = f32x4.mul(v128.load(at3), w3);
      b3 = f32x4.mul(v128.load(at3, 16), w3);
    }
    let v = values + i * sizeof<T>();
    for (let p = weights, end = weights + (count << 2); p < end; p += 4, v += row) {
      const x0 = v128.load32_splat(p);
      const a = widen<T>(
          sizeof<T>() == 4 ? v128.load(v) : sizeof<T>() == 2 ? v128.load16x4_s(v) : i32x4.extend_low_i16x8_s(v128.load8x8_s(v)),
        ),
        b = widen<T>(
          sizeof<T>() == 4 ? v128.load(v, 16) : sizeof<T>() == 2 ? v128.load16x4_s(v, 8) : i32x4.extend_high_i16x8_s(v128.load8x8_s(v)),
        );
      a0 = f32x4.add(a0, f32x4.mul(x0, a));
      b0 = f32x4.add(b0, f32x4.mul(x0, b));
      if (sizeof<N>() < 4) {
        const c = widen<T>(
            sizeof<T>() == 4
              ? v128.load(v, 32)
              : sizeof<T>() == 2
                ? v128.load16x4_s(v, 16)
                : i32x4.extend_low_i16x8_s(v128.load8x8_s(v, 8)),
          ),
          d = widen<T>(
            sizeof<T>() == 4
              ? v128.load(v, 48)
              : sizeof<T>() == 2
                ? v128.load16x4_s(v, 24)
                : i32x4.extend_high_i16x8_s(v128.load8x8_s(v, 8)),
          );
        c0 = f32x4.add(c0, f32x4.mul(x0, c));
        d0 = f32x4.add(d0, f32x4.mul(x0, d));
        if (sizeof<N>() > 1) {
          const x1 = v128.load32_splat(p, ROW);
          a1 = f32x4.add(a1, f32x4.mul(x1, a));
          b1 = f32x4.add(b1, f32x4.mul(x1, b));
          c1 = f32x4.add(c1, f32x4.mul(x1, c));
          d1 = f32x4.add(d1, f32x4.mul(x1, d));
        }
      } else {
        const x1 = v128.load32_splat(p, ROW);
        a1 = f32x4.add(a1, f32x4.mul(x1, a));
        b1 = f32x4.add(b1, f32x4.mul(x1, b));
        const x2 = v128.load32_splat(p, 2 * ROW);
        a2 = f32x4.add(a2, f32x4.mul(x2, a));
        b2 = f32x4.add(b2, f32x4.mul(x2, b));
        const x3 = v128.load32_splat(p, 3 * ROW);
        a3 = f32x4.add(a3, f32x4.mul(x3, a));
        b3 = f32x4.add(b3, f32x4.mul(x3, b));
      }
    }
    v128.store(at0, a0);
    v128.store(at0, b0, 16);
    if (sizeof<N>() > 1) {
      v128.store(at1, a1);
      v128.store(at1, b1, 16);
    }
    if (sizeof<N>() < 4) {
      v128.store(at0, c0, 32);
      v128.store(at0, d0, 48);
      if (sizeof<N>() > 1) {
        v128.store(at1, c1, 32);
        v128.store(at1, d1, 48);
      }
    } else {
      v128.store(at2, a2);
      v128.store(at2, b2, 16);
      v128.store(at3, a3);
      v128.store(at3, b3, 16);
    }
  }
}
