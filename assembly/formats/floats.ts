import { loadF16 } from "../f16";
import { octetOf } from "./octet";

/**
 * F32, F16 and BF16: a column's eight rows side by side, 32 or 16 bytes, columns after each other.
 */

/** dst: octets; src: GGUF rows; cols a multiple of 4. */
export function packF32(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 3) == 0, "packF32: cols must be a multiple of 4");
  for (let row = 0; row < nRows; row++) {
    let p = octetOf(dst, row, nRows, (<usize>cols) << 5) + ((<usize>row & 7) << 2);
    for (const end = src + ((<usize>cols) << 2); src < end; src += 4, p += 32) i32.store(p, i32.load(src));
  }
}

/** dst: octets; src: GGUF rows of F16 or BF16; cols a multiple of 4. */
export function packF16(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 3) == 0, "packF16: cols must be a multiple of 4");
  for (let row = 0; row < nRows; row++) {
    let p = octetOf(dst, row, nRows, (<usize>cols) << 4) + ((<usize>row & 7) << 1);
    for (const end = src + ((<usize>cols) << 1); src < end; src += 2, p += 16) i32.store16(p, i32.load16_u(src));
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowF32(y: usize, w: usize, cols: i32, row: i32): void {
  const p = w + (<usize>row >> 3) * ((<usize>cols) << 5) + ((<usize>row & 7) << 2);
  for (let k: usize = 0; k < <usize>cols; k++) f32.store(y + (k << 2), f32.load(p + (k << 5)));
}

/** y: f32[cols] = row of w. */
export function unpackRowF16(y: usize, w: usize, cols: i32, row: i32): void {
  const p = w + (<usize>row >> 3) * ((<usize>cols) << 4) + ((<usize>row & 7) << 1);
  for (let k: usize = 0; k < <usize>cols; k++) f32.store(y + (k << 2), loadF16(p + (k << 4)));
}

/** y: f32[cols] = row of w. */
export function unpackRowBF16(y: usize, w: usize, cols: i32, row: i32): void {
  const p = w + (<usize>row >> 3) * ((<usize>cols) << 4) + ((<usize>row & 7) << 1);
  for (let k: usize = 0; k < <usize>cols; k++) i32.store(y + (k << 2), i32.load16_u(p + (k << 4)) << 16);
}
