import { toF16 } from "./f16";
import { inverse } from "./quantizeRow";

/**
 * The KV cache's pages of 64 positions. A layer's page, f32, f16 or q8, keys transposed so that a vector holds several positions; a head's int8 of one
 * position share a scale:
 *
 *     keys    [nKvHeads][headDim][64]      values  [nKvHeads][64][headDim]      of q8, behind both: f32 [2][nKvHeads][64] their scales
 */
export const PAGE: usize = 64;
export const ROW: usize = PAGE << 2; // bytes of an f32 for each position

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
