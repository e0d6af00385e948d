import { exp1, exp4 } from "./exp";
import { toF16, widenF16 } from "./f16";
import { inverse } from "./quantizeRow";

/**
 * Grouped-query attention over a KV cache in pages of 64 positions, with an online softmax whose tiles are those pages: the result
 * depends on a query's position, never on how the prompt was cut.
 *
 * A layer's page, f32, f16 or q8, keys transposed so that a vector holds several positions; a head's int8 of one position share a scale:
 *
 *     keys    [nKvHeads][headDim][64]      values  [nKvHeads][64][headDim]      of q8, behind both: f32 [2][nKvHeads][64] their scales
 *
 * The state of one query row, f32: out [nHeads][headDim], not yet divided; max [nHeads]; sum [nHeads].
 */
const PAGE: usize = 64;
const ROW: usize = PAGE << 2; // bytes of one head's scores

/** Stores one position's keys and values, f32[nKvHeads][headDim] each, at slot 0…63 of an f32 page, for KV heads from … to. */
export function appendKv(page: usize, k: usize, v: usize, nKvHeads: i32, headDim: i32, from: i32, to: i32, slot: i32): void {
  append<f32>(page, k, v, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>slot);
}

/** The same for an f16 page: rounded to nearest, once. */
export function appendKvF16(page: usize, k: usize, v: usize, nKvHeads: i32, headDim: i32, from: i32, to: i32, slot: i32): void {
  append<u16>(page, k, v, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>slot);
}

/** The same for a q8 page: d = amax / 127, q = nearest(x / d). */
export function appendKvQ8(page: usize, k: usize, v: usize, nKvHeads: i32, headDim: i32, from: i32, to: i32, slot: i32): void {
  assert(<usize>slot < PAGE, "appendKv: slot must be less than 64");
  const n = <usize>headDim;
  const values = page + <usize>nKvHeads * n * PAGE;
  const scales = values + <usize>nKvHeads * n * PAGE + ((<usize>slot) << 2);
  for (let h = <usize>from; h < <usize>to; h++) {
    const i = h * n;
    f32.store(scales + h * ROW, quantize(page + i * PAGE + <usize>slot, PAGE, k + (i << 2), n));
    f32.store(scales + (<usize>nKvHeads + h) * ROW, quantize(values + (h * PAGE + <usize>slot) * n, 1, v + (i << 2), n));
  }
}

/** n values at x to int8, stride bytes apart; the scale. */
function quantize(q: usize, stride: usize, x: usize, n: usize): f32 {
  let amax: f32 = 0;
  for (let i: usize = 0; i < n; i++) amax = max(amax, abs(f32.load(x + (i << 2))));
  const scale = inverse(amax);
  // Added to 1.5·2^23 a value is rounded, and stands in the low byte.
  for (let i: usize = 0; i < n; i++) i32.store8(q + i * stride, reinterpret<i32>(f32.load(x + (i << 2)) * scale + <f32>12582912));
  return amax / 127;
}

function append<T>(page: usize, k: usize, v: usize, nKvHeads: usize, headDim: usize, from: usize, to: usize, slot: usize): void {
  assert(slot < PAGE, "appendKv: slot must be less than 64");
  const values = page + nKvHeads * headDim * PAGE * sizeof<T>();
  for (let h = from; h < to; h++) {
    for (let d: usize = 0; d < headDim; d++) {
      const i = h * headDim + d;
      storeAs<T>(page + (i * PAGE + slot) * sizeof<T>(), f32.load(k + (i << 2)));
      storeAs<T>(values + ((h * PAGE + slot) * headDim + d) * sizeof<T>(), f32.load(v + (i << 2)));
    }
  }
}

function storeAs<T>(p: usize, x: f32): void {
  if (sizeof<T>() == 4) f32.store(p, x);
  else i32.store16(p, toF16(x));
}

/** Makes a query row's state empty. */
export function attentionBegin(state: usize, nHeads: i32, headDim: i32): void {
  const out = (<usize>nHeads * <usize>headDim) << 2;
  memory.fill(state, 0, out + ((<usize>nHeads) << 3));
  for (let o: usize = 0; o < (<usize>nHeads) << 2; o += 4) f32.store(state + out + o, -Infinity);
}

/**
 * Takes one page's first count positions (1…64) into a query row's state, for the query heads of KV heads from … to.
 *
 * q: f32[nHeads][headDim], headDim a multiple of 16; scratch: f32[4][64] and four more.
 */
export function attendPage(
  state: usize,
  q: usize,
  page: usize,
  scratch: usize,
  nHeads: i32,
  nKvHeads: i32,
  headDim: i32,
  from: i32,
  to: i32,
  count: i32,
): void {
  attend<f32>(state, q, page, scratch, <usize>nHeads, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>count);
}

/** The same for an f16 page. */
export function attendPageF16(
  state: usize,
  q: usize,
  page: usize,
  scratch: usize,
  nHeads: i32,
  nKvHeads: i32,
  headDim: i32,
  from: i32,
  to: i32,
  count: i32,
): void {
  attend<u16>(state, q, page, scratch, <usize>nHeads, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>count);
}

/** The same for a q8 page. */
export function attendPageQ8(
  state: usize,
  q: usize,
  page: usize,
  scratch: usize,
  nHeads: i32,
  nKvHeads: i32,
  headDim: i32,
  from: i32,
  to: i32,
  count: i32,
): void {
  attend<i8>(state, q, page, scratch, <usize>nHeads, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>count);
}

function attend<T>(
  state: usize,
  q: usize,
  page: usize,
  scores: usize,
  nHeads: usize,
  nKvHeads: usize,
  headDim: usize,
  from: usize,
  to: usize,
  count: usize,
): void {
  assert((headDim & 15) == 0, "attendPage: headDim must be a multiple of 16");
  assert(count > 0 && count <= PAGE, "attendPage: count must be between 1 and 64");
  const head = PAGE * headDim * sizeof<T>(); // bytes of one head's keys, and of its values
  const group = nHeads / nKvHeads;
  assert(group * nKvHeads == nHeads, "attendPage: nHeads must be a multiple of nKvHeads");
  for (let kv = from; kv < to; kv++) {
    const keys = page + kv * head,
      values = page + (nKvHeads + kv) * head;
    const keyScales = page + 2 * nKvHeads * head + kv * ROW,
      valueScales = keyScales + nKvHeads * ROW;
    const end = (kv + 1) * group;
    for (let h = kv * group; h < end; ) {
      const at = (h * headDim) << 2;
      const maxima = state + ((nHeads * headDim + h) << 2);
      if (end - h >= 4) {
        heads<T, u32>(state + at, maxima, nHeads, q + at, keys, keyScales, values, valueScales, scores, headDim, count);
        h += 4;
      } else if (end - h >= 2) {
        heads<T, u16>(state + at, maxima, nHeads, q + at, keys, keyScales, values, valueScales, scores, headDim, count);
        h += 2;
      } else {
        heads<T, u8>(state + at, maxima, nHeads, q + at, keys, keyScales, values, valueScales, scores, headDim, count);
        h++;
      }
    }
  }
}

/** sizeof<N>() query heads of one KV head, which read its keys and values together. */
function heads<T, N>(
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

/** y: f32[nHeads][headDim] = out / sum, for query heads from … to; y may be state. */
export function attentionEnd(y: usize, state: usize, nHeads: i32, headDim: i32, from: i32, to: i32): void {
  assert((headDim & 3) == 0, "attentionEnd: headDim must be a multiple of 4");
  const bytes = (<usize>headDim) << 2;
  const sums = state + <usize>nHeads * (bytes + 4);
  for (let h = <usize>from; h < <usize>to; h++) {
    const sum = v128.load32_splat(sums + (h << 2));
    for (let o = h * bytes; o < (h + 1) * bytes; o += 16) v128.store(y + o, f32x4.div(v128.load(state + o), sum));
  }
}
