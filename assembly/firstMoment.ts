import { sumF64 } from "./horizontal";

/**
 * out: f64 = Σ y[i] · (x[i] / temperature − max / temperature), for blockExponentials' y: over Σ y it is the mean of ln y, by weight, and log Σ y
 * less that is the entropy. What y leaves out counts for nothing. Differences and products in f32, their sum in f64.
 *
 * scratch, y, x: f32[n], n ≥ 1, all with room for a multiple of 4; max / temperature is finite.
 */
export function firstMoment(out: usize, scratch: usize, y: usize, x: usize, n: i32, max: f32, temperature: f32): void {
  assert(n > 0, "firstMoment: n must be at least 1");
  const shift = f32x4.splat(max / temperature),
    divisor = f32x4.splat(temperature),
    none = f32x4.splat(0);
  for (let o: usize = 0, end = (<usize>n) << 2; o < end; o += 16) {
    const weight = v128.load(y + o);
    const logarithm = f32x4.sub(f32x4.div(v128.load(x + o), divisor), shift);
    v128.store(scratch + o, v128.and(f32x4.mul(weight, logarithm), f32x4.gt(weight, none)));
  }
  f64.store(out, sumF64(scratch, n));
}
