/** The largest of each 64 values, NaN left out, −∞ where there is none. */
export function blockMaxima(x: ArrayLike<number>): number[] {
  const numbers = Array.from(x, (v) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : v));
  return Array.from({ length: Math.ceil(x.length / 64) }, (_, b) => Math.max(...numbers.slice(64 * b, 64 * b + 64)));
}
