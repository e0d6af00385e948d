import { E2M1 } from "../constants";
import { lane, octetOf } from "./octet";

/**
 * MXFP4, w = 2^(e − 128) · value[q], the values doubled: 8 rows × 32 columns = 136 bytes, as many as in the file.
 *
 *     0          8         24        40              136
 *     │ e u8 × 8 │ 0, a    │ 0, b    │ … 3, a │ 3, b │      chunks as in Q4_0
 */
const OCTET: usize = 136;
const BLOCK: usize = 17; // in the file: e u8, q u8[16]

/** dst: octets; src: GGUF rows; cols a multiple of 32. */
export function packMXFP4(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packMXFP4: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * BLOCK; src < end; src += BLOCK, octet += OCTET) {
      i32.store8(octet + (<usize>row & 7), i32.load8_u(src));
      const p = octet + lane(row);
      i32.store(p, i32.load(src, 1), 8);
      i32.store(p, i32.load(src, 5), 40);
      i32.store(p, i32.load(src, 9), 72);
      i32.store(p, i32.load(src, 13), 104);
    }
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowMXFP4(y: usize, w: usize, cols: i32, row: i32): void {
  const blocks = <usize>cols >> 5;
  let octet = w + (<usize>row >> 3) * blocks * OCTET;
  for (const end = octet + blocks * OCTET; octet < end; octet += OCTET, y += 128) {
    const d = reinterpret<f32>(max(i32.load8_u(octet + (<usize>row & 7)) - 1, 0) << 23);
    for (let j: usize = 0; j < 16; j++) {
      const byte = i32.load8_u(octet + lane(row) + ((j >> 2) << 5) + (j & 3), 8);
      f32.store(y + (j << 2), d * <f32>(i32.load8_u(E2M1 + (byte & 15)) - 12));
      f32.store(y + (j << 2), d * <f32>(i32.load8_u(E2M1 + (byte >> 4)) - 12), 64);
    }
  }
}
