import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";

/**
 * Q6_K, w = d · scale · (q − 32), a scale for each sub-block of 16: 8 rows × 256 columns = 1680 bytes, as many as in the file.
 *
 *     0           16                    144                                                                1680
 *     │ d f16 × 8 │ scales: 0│ … │ 7    │ half 0: chunk 0: x, a│b  y, a│b  z, a│b │ … chunk 7 │ half 1: …     │
 *
 * Scales of pair p, 16 bytes: i8[8 rows][2], sub-blocks 2p and 2p + 1. Half h, chunk c, byte b of a lane, column l = 128h + 4c + b: the low six
 * bits of x are column l, of y l + 32, of z l + 64; the upper two of x, y and z, from the lowest up, are column l + 96. The file keeps the low
 * four bits and the high two apart; joined at load, they cost a third fewer operations in the product.
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
        const x = i32.load(low),
          y = i32.load(low, 32),
          high = i32.load(src + (c << 2), 128);
        const last = join(y >> 4, high >> 6);
        i32.store(p, join(x, high) | ((last & 0x03030303) << 6));
        i32.store(p, join(y, high >> 2) | ((last & 0x0c0c0c0c) << 4), 32);
        i32.store(p, join(x >> 4, high >> 4) | ((last & 0x30303030) << 2), 64);
      }
    }
  }
}

/** Of four bytes each: the low four bits of one and the low two of the other. */
function join(low: i32, high: i32): i32 {
  return (low & 0x0f0f0f0f) | ((high & 0x03030303) << 4);
}

/** out: f32[cols] = row of w. */
export function unpackRowQ6_K(out: usize, w: usize, cols: i32, row: i32): void {
  const blocks = <usize>cols >> 8;
  let octet = w + (<usize>row >> 3) * blocks * OCTET;
  for (const end = octet + blocks * OCTET; octet < end; octet += OCTET, out += 1024) {
    const head = octet + ((<usize>row & 7) << 1);
    const d = loadF16(head);
    for (let j: usize = 0; j < 256; j++) {
      const h = j >> 7,
        part = (j >> 5) & 3,
        l = j & 31;
      const chunk = octet + lane(row) + (h * 8 + (l >> 2)) * 96 + (l & 3);
      const x = i32.load8_u(chunk, 144),
        y = i32.load8_u(chunk, 176),
        z = i32.load8_u(chunk, 208);
      const q = part == 0 ? x & 63 : part == 1 ? y & 63 : part == 2 ? z & 63 : (x >> 6) | ((y >> 6) << 2) | ((z >> 6) << 4);
      const scale = i32.load8_s(head + ((j >> 5) << 4) + ((j >> 4) & 1), 16);
      f32.store(out + (j << 2), d * <f32>scale * <f32>(q - 32));
    }
  }
}
