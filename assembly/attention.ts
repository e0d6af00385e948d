import { PAGE, ROW } from "./appendKv";
import { heads } from "./attentionTile";

/**
 * Grouped-query attention over a KV cache in pages of 64 positions (appendKv.ts), with an online softmax whose tiles are those pages: the
 * result depends on a query's position, never on how the prompt was cut.
 *
 * The state of one query row, f32: out [nHeads][headDim], not yet divided; max [nHeads]; sum [nHeads].
 */

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
