import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";

/**
 * Q6_K, w = d · scale · (q − 32), a scale for each sub-block of 16: 8 rows × 256 columns = 1680 bytes, as many as in the file.
 *
 *     0           16                    144                                                                1680
 *     │ d f16 × 8 │ scales: 0│ … │ 7    │ half 0: chunk 0: x, a│b  y, a│b  f, a│b │ … chunk 7 │ half 1: …     │
 *
 * Scales of pair p, 16 bytes: i8[8 rows][2], sub-blocks 2p and 2p + 1. Half h, chunk c, byte b of a lane, column l = 128h + 4c + b: x's low nibble
 * belongs to l, y's to l + 32, x's high nibble to l + 64, y's to l + 96; f holds their two high bits, from the lowest up.
 */
const OCTET: usize = 1680;
const BLOCK: usize = 210; // in the file: low u8[128], high u8[64], scales i8[16], d f16

/** dst: octets; src: GGUF rows; cols a multiple of 256. */
export function packQ6_K(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 255) == 0, "packQ6_K: cols must be a multiple of 256");
  const blocks = <usize>cols >> 8;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * BLOCK; src < end; src += BLOCK, octet += OCTET) {
      const head = octet + ((<usize>row & 7) << 1);
      i32.store16(head, i32.load16_u(src, 208));
      for (let p: usize = 0; p < 8; p++) i32.store16(head + (p << 4), i32.load16_u(src + (p << 1), 192), 16);
      const first = octet + lane(row) + 144;
      for (let c: usize = 0; c < 16; c++) {
        const p = first + c * 96;
        const low = src + ((c >> 3) << 6) + ((c & 7) << 2);
        i32.store(p, i32.load(low));
        i32.store(p, i32.load(low, 32), 32);
        i32.store(p, i32.load(src + (c << 2), 128), 64);
      }
    }
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowQ6_K(y: usize, w: usize, cols: i32, row: i32): void {
  const blocks = <usize>cols >> 8;
  let octet = w + (<usize>row >> 3) * blocks * OCTET;
  for (const end = octet + blocks * OCTET; octet < end; octet += OCTET, y += 1024) {
    const head = octet + ((<usize>row & 7) << 1);
    const d = loadF16(head);
    for (let j: usize = 0; j < 256; j++) {
      const h = j >> 7,
        part = (j >> 5) & 3,
        l = j & 31;
      const chunk = octet + lane(row) + (h * 8 + (l >> 2)) * 96 + (l & 3);
      const byte = i32.load8_u(chunk + ((part & 1) << 5), 144);
      const high = (i32.load8_u(chunk, 208) >> <i32>(part << 1)) & 3;
      const scale = i32.load8_s(head + ((j >> 5) << 4) + ((j >> 4) & 1), 16);
      f32.store(y + (j << 2), d * <f32>scale * <f32>(((part > 1 ? byte >> 4 : byte & 15) | (high << 4)) - 32));
    }
  }
}
