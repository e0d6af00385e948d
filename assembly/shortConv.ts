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
  for (let o = (<usize>from) << 2, end = (<usize>to) << 2; o < end; o += 16) {
    const w0 = v128.load(weight + o),
      w1 = v128.load(weight + row + o),
      w2 = v128.load(weight + row * 2 + o);
    let older = v128.load(state + o),
      newer = v128.load(state + row + o);
    let input = bcx + o,
      output = y + o;
    for (let t = 0; t < nRows; t++) {
      const g = f32x4.mul(v128.load(input), v128.load(input + row * 2));
      const c = f32x4.add(f32x4.add(f32x4.mul(w0, older), f32x4.mul(w1, newer)), f32x4.mul(w2, g));
      v128.store(output, f32x4.mul(v128.load(input + row), c));
      older = newer;
      newer = g;
      input += row * 3;
      output += row;
    }
    v128.store(state + o, older);
    v128.store(state + row + o, newer);
  }
}
