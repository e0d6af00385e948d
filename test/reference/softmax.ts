export function softmax(x: ArrayLike<number>): Float64Array {
  const total = logSumExp(x);
  return Float64Array.from(x, (v) => Math.exp(v - total));
}

/** log Σ exp(x[i]) */
export function logSumExp(x: ArrayLike<number>): number {
  let [max, sum] = [Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < x.length; i++) max = Math.max(max, x[i]!);
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i]! - max);
  return max + Math.log(sum);
}
