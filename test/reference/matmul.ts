/** y[r][o] = Σ_k w[o][k] · x[r][k]; w: [outputs][cols], x: [rows][cols]. */
export function matmul(w: ArrayLike<number>, x: ArrayLike<number>, cols: number): Float64Array {
  const [outputs, rows] = [w.length / cols, x.length / cols];
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += w[o * cols + k]! * x[r * cols + k]!;
      y[r * outputs + o] = sum;
    }
  }
  return y;
}
