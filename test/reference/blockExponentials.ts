/** exp((x − max) / temperature), 0 for NaN, and the sum of each 64. */
export function blockExponentials(x: ArrayLike<number>, max: number, temperature: number): { y: number[]; sums: number[] } {
  const y = Array.from(x, (v) => (Number.isNaN(v) ? 0 : Math.exp((v - max) / temperature)));
  const sums = Array.from({ length: Math.ceil(y.length / 64) }, (_, b) => y.slice(64 * b, 64 * b + 64).reduce((a, v) => a + v, 0));
  return { y, sums };
}
