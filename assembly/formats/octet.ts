/**
 * Packed weights: eight rows side by side, an *octet*, made of two *quads*. Octets follow each other down the rows; inside one, groups
 * of columns follow each other along them. A 16-byte vector holds four bytes of each of a quad's four rows:
 *
 *     lane      0          1          2          3
 *           ┌──────────┬──────────┬──────────┬──────────┐
 *     quad  │ row 0    │ row 1    │ row 2    │ row 3    │   one 32-bit lane a row, byte b = column c + b
 *           └──────────┴──────────┴──────────┴──────────┘
 *
 * so that four int8 activations, splat to all lanes, meet four rows at once and a sum never crosses lanes. Vectors of quad a (rows 0–3)
 * and quad b (rows 4–7) lie next to each other. Rows that are missing in the last octet are zeros.
 */

/** Where row's octet begins; zeroed when it is the first of an incomplete one. */
export function octetOf(dst: usize, row: i32, nRows: i32, octetBytes: usize): usize {
  const octet = dst + (<usize>row >> 3) * octetBytes;
  if ((row & 7) == 0 && nRows - row < 8) memory.fill(octet, 0, octetBytes);
  return octet;
}

/** Offset of row's lane within a pair of vectors, quad a's and quad b's. */
export function lane(row: i32): usize {
  return ((<usize>row & 4) << 2) + ((<usize>row & 3) << 2);
}
