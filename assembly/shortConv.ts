/**
 * The gated short convolution (LIV), three taps, over consecutive rows of one sequence:
 *
 *     g_t = B_t · x_t        y_t = C_t · (weight[0] g_{t−2} + weight[1] g_{t−1} + weight[2] g_t)
 *
 * y: f32[nRows][n]; bcx: f32[nRows][3n], a row is B | C | x; state: f32[2][n], g_{t−2} and g_{t−1}, zero at the start of a sequence and
 * moved on by nRows; weight: f32[3][n]; channels from … to, multiples of 4. y must not overlap bcx.
 */
export function shortConv(y: usize, bcx: usize, state: usize, weight: usize, n: i32, nRows: i32, from: i32, to: i32): void {
  assert(((n | from | to) & 3) == 0, "shortConv: n, from and to must be multiples of 4");
  const row = (<usize>n) << 2;
  const end = (<usize>to) << 2;
  // Row by row, though the state then goes through memory: down the rows every channel would begin a cache line of its own.
  for (let t = 0; t < nRows; t++) {
    for (let o = (<usize>from) << 2; o < end; o += 16) {
      const older = v128.load(state + o),
        newer = v128.load(state + row + o);
      const g = f32x4.mul(v128.load(bcx + o), v128.load(bcx + row * 2 + o));
      const past = f32x4.add(f32x4.mul(v128.load(weight + o), older), f32x4.mul(v128.load(weight + row + o), newer));
      const c = f32x4.add(past, f32x4.mul(v128.load(weight + row * 2 + o), g));
      v128.store(y + o, f32x4.mul(v128.load(bcx + row + o), c));
      v128.store(state + o, newer);
      v128.store(state + row + o, g);
    }
    bcx += row * 3;
    y += row;
  }
}
