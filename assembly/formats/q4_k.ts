import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";
import { packScales } from "./scales";

/**
 * Q4_K, w = d · scale · q − dmin · min, a scale and a min for each sub-block of 32: 8 rows × 256 columns = 1184 bytes (1152 in the file,
 * where scales and mins have six bits).
 *
 *     0           16             32                     96                   160                                         1184
 *     │ d f16 × 8 │ dmin f16 × 8 │ scales: 0│ … │ 3     │ mins: 0│ … │ 3     │ 0: chunk 0, a│b … chunk 7, a│b │ … │ 3: …   │
 *
 * Scales and mins of group g, 16 bytes: u8[8 rows][2], sub-blocks 2g and 2g + 1. Nibbles of group g: chunk c, byte b of a lane: low nibble =
 * column 64g + 4c + b, high nibble = column 64g + 32 + 4c + b.
 */
const OCTET: usize = 1184;
const BLOCK: usize = 144; // in the file: d f16, dmin f16, scales u8[12], q u8[128]

/** dst: octets; src: GGUF rows; cols a multiple of 256. */
export function packQ4_K(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 255) == 0, "packQ4_K: cols must be a multiple of 256");
  const blocks = <usize>cols >> 8;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * BLOCK; src < end; src += BLOCK, octet += OCTET) {
      packScales(octet, src, row);
      const p = octet + lane(row) + 160;
      for (let c: usize = 0; c < 32; c++) i32.store(p + (c << 5), i32.load(src + (c << 2), 16));
    }
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowQ4_K(y: usize, w: usize, cols: i32, row: i32): void {
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
      const byte = i32.load8_u(octet + lane(row) + (g << 8) + ((l >> 2) << 5) + (l & 3), 160);
      const scale = i32.load8_u(p + (g << 4) + second, 32),
        min = i32.load8_u(p + (g << 4) + second, 96);
      f32.store(y + (j << 2), d * <f32>scale * <f32>(second ? byte >> 4 : byte & 15) - dmin * <f32>min);
    }
  }
}
