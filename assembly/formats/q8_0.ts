import { loadF16 } from "../f16";
import { lane, octetOf } from "./octet";

/**
 * Q8_0, w = d · q, and Q8_1, w = d · q + m: 8 rows × 32 columns = 272 or 288 bytes.
 *
 *     0            16           32        48        64              288
 *     │ d f16 × 8  │ m f16 × 8  │ 0, a    │ 0, b    │ … 7, a │ 7, b │     Q8_0 has no m and is 16 bytes shorter
 *
 * Chunk c, byte b of a lane: column 4c + b. Files hold no Q8_1; it is where the rare Q4_1 and Q5_1 go, and Q5_0 goes into Q8_0, all exactly.
 */
const OCTET: usize = 272;
const OCTET_1: usize = 288;

/** dst: octets; src: GGUF rows of 34-byte blocks (d f16, q i8[32]); cols a multiple of 32. */
export function packQ8_0(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packQ8_0: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * 34; src < end; src += 34, octet += OCTET) {
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src));
      const p = octet + lane(row) + 16;
      for (let c: usize = 0; c < 8; c++) i32.store(p + (c << 5), i32.load(src + (c << 2), 2));
    }
  }
}

/** dst: Q8_0's octets; src: GGUF rows of 22-byte blocks (d f16, high bits u32, q u8[16]); w = d · (q − 16). */
export function packQ5_0(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packQ5_0: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET);
    for (const end = src + blocks * 22; src < end; src += 22, octet += OCTET) {
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src));
      spread(octet + lane(row) + 16, src + 6, i32.load(src, 2), 16);
    }
  }
}

/** dst: Q8_1's octets; src: GGUF rows of 20-byte blocks (d f16, m f16, q u8[16]). */
export function packQ4_1(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packQ4_1: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET_1);
    for (const end = src + blocks * 20; src < end; src += 20, octet += OCTET_1) {
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src));
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src, 2), 16);
      spread(octet + lane(row) + 32, src + 4, 0, 0);
    }
  }
}

/** dst: Q8_1's octets; src: GGUF rows of 24-byte blocks (d f16, m f16, high bits u32, q u8[16]). */
export function packQ5_1(dst: usize, src: usize, cols: i32, nRows: i32): void {
  assert((cols & 31) == 0, "packQ5_1: cols must be a multiple of 32");
  const blocks = <usize>cols >> 5;
  for (let row = 0; row < nRows; row++) {
    let octet = octetOf(dst, row, nRows, blocks * OCTET_1);
    for (const end = src + blocks * 24; src < end; src += 24, octet += OCTET_1) {
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src));
      i32.store16(octet + ((<usize>row & 7) << 1), i32.load16_u(src, 2), 16);
      spread(octet + lane(row) + 32, src + 8, i32.load(src, 4), 0);
    }
  }
}

/** One row's 32 nibbles with their fifth bits, less offset, as bytes of the chunks at p. */
function spread(p: usize, nibbles: usize, high: i32, offset: i32): void {
  for (let j: usize = 0; j < 16; j++) {
    const byte = i32.load8_u(nibbles + j);
    const q = p + ((j >> 2) << 5) + (j & 3);
    i32.store8(q, ((byte & 15) | (((high >> <i32>j) & 1) << 4)) - offset);
    i32.store8(q, ((byte >> 4) | (((high >> (<i32>j + 16)) & 1) << 4)) - offset, 128);
  }
}

/** y: f32[cols] = row of w. */
export function unpackRowQ8_0(y: usize, w: usize, cols: i32, row: i32): void {
  unpackRow<i8>(y, w, cols, row);
}

/** y: f32[cols] = row of w. */
export function unpackRowQ8_1(y: usize, w: usize, cols: i32, row: i32): void {
  unpackRow<i16>(y, w, cols, row);
}

function unpackRow<Q>(y: usize, w: usize, cols: i32, row: i32): void {
  const bytes = sizeof<Q>() == 2 ? OCTET_1 : OCTET;
  const blocks = <usize>cols >> 5;
  let octet = w + (<usize>row >> 3) * blocks * bytes;
  for (const end = octet + blocks * bytes; octet < end; octet += bytes, y += 128) {
    const p = octet + ((<usize>row & 7) << 1);
    const d = loadF16(p);
    const m: f32 = sizeof<Q>() == 2 ? loadF16(p + 16) : 0;
    for (let j: usize = 0; j < 32; j++) {
      const q = i32.load8_s(octet + bytes - 256 + lane(row) + ((j >> 2) << 5) + (j & 3));
      f32.store(y + (j << 2), sizeof<Q>() == 2 ? d * <f32>q + m : d * <f32>q);
    }
  }
}
