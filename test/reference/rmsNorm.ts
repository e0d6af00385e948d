/** y[i] = x[i] · weight[i] / sqrt(mean(x²) + eps) */
export function rmsNorm(x: ArrayLike<number>, weight: ArrayLike<number>, eps: number): Float64Array {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i]! * x[i]!;
  const rms = Math.sqrt(squares / x.length + eps);
  return Float64Array.from(x, (v, i) => (v * weight[i]!) / rms);
}
