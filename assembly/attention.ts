import { exp1, exp4 } from "./exp";
import { loadF16x4, toF16 } from "./f16";

/**
 * Grouped-query attention over a KV cache in pages of 64 positions, with an online softmax whose tiles are those pages: the result
 * depends on a query's position, never on how the prompt was cut.
 *
 * A layer's page, f32 or f16, keys transposed so that a vector holds four positions:
 *
 *     keys    [nKvHeads][headDim][64]      values  [nKvHeads][64][headDim]
 *
 * The state of one query row, f32: out [nHeads][headDim], not yet divided; max [nHeads]; sum [nHeads].
 */
const PAGE: usize = 64;

/** Stores one position's keys and values, f32[nKvHeads][headDim] each, at slot 0…63 of an f32 page, for KV heads from … to. */
export function appendKv(page: usize, k: usize, v: usize, nKvHeads: i32, headDim: i32, from: i32, to: i32, slot: i32): void {
  append<f32>(page, k, v, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>slot);
}

/** The same for an f16 page: rounded to nearest, once. */
export function appendKvF16(page: usize, k: usize, v: usize, nKvHeads: i32, headDim: i32, from: i32, to: i32, slot: i32): void {
  append<u16>(page, k, v, <usize>nKvHeads, <usize>headDim, <usize>from, <usize>to, <usize>slot);
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
 * q: f32[nHeads][headDim], headDim a multiple of 16; scratch: f32[64].
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
  const scale = f32x4.splat(1 / sqrt<f32>(<f32>headDim));
  for (let kv = from; kv < to; kv++) {
    const keys = page + kv * head,
      values = page + (nKvHeads + kv) * head;
    for (let h = kv * group; h < (kv + 1) * group; h++) {
      const out = state + ((h * headDim) << 2);
      const maximum = state + ((nHeads * headDim + h) << 2),
        total = maximum + (nHeads << 2);
      score<T>(scores, q + ((h * headDim) << 2), keys, headDim, count, scale);
      const before = f32.load(maximum);
      const now = softmaxTile(scores, count, before, maximum, total);
      accumulate<T>(out, scores, values, headDim, count, now);
    }
  }
}

/** scores[p] = q·k[p] · scale for p < count; −∞ up to the next multiple of 16. */
function score<T>(scores: usize, q: usize, keys: usize, headDim: usize, count: usize, scale: v128): void {
  const row = PAGE * sizeof<T>();
  for (let p: usize = 0; p < count; p += 16) {
    let s0 = f32x4.splat(0),
      s1 = s0,
      s2 = s0,
      s3 = s0;
    let k = keys + p * sizeof<T>();
    for (let d: usize = 0; d < headDim << 2; d += 4, k += row) {
      const x = v128.load32_splat(q + d);
      s0 = f32x4.add(s0, f32x4.mul(x, loadAs<T>(k)));
      s1 = f32x4.add(s1, f32x4.mul(x, loadAs<T>(k + 4 * sizeof<T>())));
      s2 = f32x4.add(s2, f32x4.mul(x, loadAs<T>(k + 8 * sizeof<T>())));
      s3 = f32x4.add(s3, f32x4.mul(x, loadAs<T>(k + 12 * sizeof<T>())));
    }
    const at = scores + (p << 2);
    v128.store(at, f32x4.mul(s0, scale));
    v128.store(at, f32x4.mul(s1, scale), 16);
    v128.store(at, f32x4.mul(s2, scale), 32);
    v128.store(at, f32x4.mul(s3, scale), 48);
  }
  for (let p = count; p & 15; p++) f32.store(scores + (p << 2), -Infinity);
}

function loadAs<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load(p) : loadF16x4(p);
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

/** out = out · correction + Σ_p weights[p] · v[p] */
function accumulate<T>(out: usize, weights: usize, values: usize, headDim: usize, count: usize, correction: f32): void {
  const c = f32x4.splat(correction);
  const row = headDim * sizeof<T>();
  for (let d: usize = 0; d < headDim; d += 16) {
    const at = out + (d << 2);
    let o0 = f32x4.mul(v128.load(at), c),
      o1 = f32x4.mul(v128.load(at, 16), c);
    let o2 = f32x4.mul(v128.load(at, 32), c),
      o3 = f32x4.mul(v128.load(at, 48), c);
    let v = values + d * sizeof<T>();
    for (let p: usize = 0; p < count << 2; p += 4, v += row) {
      const w = v128.load32_splat(weights + p);
      o0 = f32x4.add(o0, f32x4.mul(w, loadAs<T>(v)));
      o1 = f32x4.add(o1, f32x4.mul(w, loadAs<T>(v + 4 * sizeof<T>())));
      o2 = f32x4.add(o2, f32x4.mul(w, loadAs<T>(v + 8 * sizeof<T>())));
      o3 = f32x4.add(o3, f32x4.mul(w, loadAs<T>(v + 12 * sizeof<T>())));
    }
    v128.store(at, o0);
    v128.store(at, o1, 16);
    v128.store(at, o2, 32);
    v128.store(at, o3, 48);
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
