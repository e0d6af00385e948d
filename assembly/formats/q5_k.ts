import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";
import { packScales } from "./scales";

/**
 * Q5_K, w = d · scale · q − dmin · min: 8 rows × 256 columns = 1440 bytes (1408 in the file).
 *
 *     0                 160                              416                                         1440
 *     │ as in Q4_K      │ fifth bits: 0, a│b … 7, a│b    │ nibbles, as in Q4_K                         │
 *
 * Fifth bits, chunk c, byte b of a lane: bit 2g belongs to the low nibble of group g, column 64g + 4c + b, bit 2g + 1 to the high one.
 */
const OCTET: usize = 1440;
const BLOCK: usize = 176; // in the file: d f16, dmin f16, scales u8[12], high u8[32], q u8[128]

/** dst: octets; src: GGUF rows; cols a multiple of 256. */
export function packQ5_K(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 255) == 0, "packQ5_K: cols must be a multiple of 256");
  const blocks = <usize>cols >> 8;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * BLOCK; src < end; src += BLOCK, octet += OCTET) {
      packScales(octet, src, row);
      const p = octet + lane(row) + 160;
      for (let c: usize = 0; c < 40; c++) i32.store(p + (c << 5), i32.load(src + (c << 2), 16));
    }
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowQ5_K(y: usize, w: usize, cols: i32, row: i32): void {
  const blocks = <usize>cols >> 8;
  let octet = w + (<usize>row >> 3) * blocks * OCTET;
  for (const end = octet + blocks * OCTET; octet < end; octet += OCTET, y += 1024) {
    const p = octet + ((<usize>row & 7) << 1);
    const d = loadF16(p),
      dmin = loadF16(p + 16);
    for (let j: usize = 0; j < 256; j++) {
      const g = j >> 6,
        l = j & 31,
        second = (j >> 5) & 1;
      const chunk = octet + lane(row) + ((l >> 2) << 5) + (l & 3);
      const byte = i32.load8_u(chunk + (g << 8), 416);
      const fifth = ((i32.load8_u(chunk, 160) >> (((<i32>g) << 1) + <i32>second)) & 1) << 4;
      const scale = i32.load8_u(p + (g << 4) + second, 32),
        min = i32.load8_u(p + (g << 4) + second, 96);
      f32.store(y + (j << 2), d * <f32>scale * <f32>((second ? byte >> 4 : byte & 15) | fifth) - dmin * <f32>min);
    }
  }
}
