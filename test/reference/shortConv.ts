/**
 * g_t = B_t · x_t;  y_t = C_t · (weight[0] g_{t−2} + weight[1] g_{t−1} + weight[2] g_t)
 *
 * bcx: [rows][3n], a row is B | C | x; state: [2][n], the two g before the first row; weight: [3][n].
 */
export function shortConv(
  bcx: ArrayLike<number>,
  state: ArrayLike<number>,
  weight: ArrayLike<number>,
  n: number,
): { y: Float64Array; state: Float64Array; magnitudes: Float64Array } {
  const rows = bcx.length / (3 * n);
  const g = new Float64Array((rows + 2) * n);
  g.set(Array.from(state));
  const [y, magnitudes] = [new Float64Array(rows * n), new Float64Array(rows * n)];
  for (let t = 0; t < rows; t++) {
    for (let c = 0; c < n; c++) {
      const at = t * 3 * n + c;
      g[(t + 2) * n + c] = bcx[at]! * bcx[at + 2 * n]!;
      const taps = [0, 1, 2].map((i) => weight[i * n + c]! * g[(t + i) * n + c]!);
      y[t * n + c] = bcx[at + n]! * taps.reduce((a, b) => a + b);
      magnitudes[t * n + c] = Math.abs(bcx[at + n]!) * taps.reduce((a, b) => a + Math.abs(b), 0);
    }
  }
  return { y, state: g.slice(rows * n), magnitudes };
}
