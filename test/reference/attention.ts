/**
 * One query row over all its positions: softmax(q·k / √headDim) · v, query head j with KV head floor(j / group).
 *
 * q: [nHeads][headDim]; k, v: [positions][nKvHeads][headDim]. magnitudes: Σ p·|v|; spread: the largest Σ|q·k| / √headDim.
 */
export function attention(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  nHeads: number,
  nKvHeads: number,
): { y: Float64Array; magnitudes: Float64Array; spread: number } {
  const headDim = q.length / nHeads;
  const positions = k.length / (nKvHeads * headDim);
  const [y, magnitudes] = [new Float64Array(q.length), new Float64Array(q.length)];
  let spread = 0;
  for (let h = 0; h < nHeads; h++) {
    const kv = Math.floor(h / (nHeads / nKvHeads));
    const scores = new Float64Array(positions);
    for (let p = 0; p < positions; p++) {
      let sum = 0;
      for (let d = 0; d < headDim; d++) {
        const product = (q[h * headDim + d]! * k[(p * nKvHeads + kv) * headDim + d]!) / Math.sqrt(headDim);
        scores[p]! += product;
        sum += Math.abs(product);
      }
      spread = Math.max(spread, sum);
    }
    const max = Math.max(...scores);
    const weights = scores.map((s) => Math.exp(s - max));
    const total = weights.reduce((a, b) => a + b);
    for (let p = 0; p < positions; p++) {
      for (let d = 0; d < headDim; d++) {
        const value = (weights[p]! / total) * v[(p * nKvHeads + kv) * headDim + d]!;
        y[h * headDim + d]! += value;
        magnitudes[h * headDim + d]! += Math.abs(value);
      }
    }
  }
  return { y, magnitudes, spread };
}
