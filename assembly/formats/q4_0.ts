import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";

/**
 * Q4_0, w = d · (q − 8): 8 rows × 32 columns = 144 bytes, as many as in the file.
 *
 *     0            16        32        48              144
 *     │ d f16 × 8  │ 0, a    │ 0, b    │ … 3, a │ 3, b │
 *
 * Chunk c, byte b of a lane: low nibble = column 4c + b, high nibble = column 16 + 4c + b (the file's own bytes).
 */
const OCTET: usize = 144;
const BLOCK: usize = 18; // in the file: d f16, q u8[16]

/** dst: octets; src: GGUF rows; cols a multiple of 32. */
export function packQ4_0(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packQ4_0: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * BLOCK; src < end; src += BLOCK, octet += OCTET) {
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src));
      const p = octet + lane(row);
      i32.store(p, i32.load(src, 2), 16);
      i32.store(p, i32.load(src, 6), 48);
      i32.store(p, i32.load(src, 10), 80);
      i32.store(p, i32.load(src, 14), 112);
    }
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowQ4_0(y: usize, w: usize, cols: i32, row: i32): void {
  const blocks = <usize>cols >> 5;
  let octet = w + (<usize>row >> 3) * blocks * OCTET;
  for (const end = octet + blocks * OCTET; octet < end; octet += OCTET, y += 128) {
    const d = loadF16(octet + ((<usize>row & 7) << 1));
    for (let j: usize = 0; j < 16; j++) {
      const byte = i32.load8_u(octet + lane(row) + ((j >> 2) << 5) + (j & 3), 16);
      f32.store(y + (j << 2), d * <f32>((byte & 15) - 8));
      f32.store(y + (j << 2), d * <f32>((byte >> 4) - 8), 64);
    }
  }
}
