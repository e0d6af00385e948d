/**
 * The head of a Q4_K or Q5_K block (d, dmin, twelve bytes of 6-bit scales and mins) → the first 160 bytes of an octet.
 *
 * In the file, s < 4: scale = b[s] & 63, min = b[s + 4] & 63; s ≥ 4: scale = (b[s + 4] & 15) | (b[s − 4] >> 6) << 4, min = (b[s + 4] >> 4) |
 * (b[s] >> 6) << 4.
 */
export function packScales(octet: usize, src: usize, row: i32): void {
  const p = octet + ((<usize>row & 7) << 1);
  i32.store16(p, i32.load16_u(src));
  i32.store16(p, i32.load16_u(src, 2), 16);
  for (let s: usize = 0; s < 8; s++) {
    let scale: i32, min: i32;
    if (s < 4) {
      scale = i32.load8_u(src + s, 4) & 63;
      min = i32.load8_u(src + s, 8) & 63;
    } else {
      const low = i32.load8_u(src + s, 8);
      scale = (low & 15) | ((i32.load8_u(src + s) >> 6) << 4);
      min = (low >> 4) | ((i32.load8_u(src + s, 4) >> 6) << 4);
    }
    const q = p + ((s >> 1) << 4) + (s & 1);
    i32.store8(q, scale, 32);
    i32.store8(q, min, 96);
  }
}
