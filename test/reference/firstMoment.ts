/** Σ y · (x − max) / temperature, without those whose y is 0. */
export function firstMoment(y: ArrayLike<number>, x: ArrayLike<number>, max: number, temperature: number): number {
  return Array.from(y).reduce((sum, weight, i) => (weight > 0 ? sum + (weight * (x[i]! - max)) / temperature : sum), 0);
}
