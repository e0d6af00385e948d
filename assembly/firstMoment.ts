/**
 * out: f64 = Σ y[i] · (x[i] / temperature − max / temperature), for blockExponentials' y: over Σ y it is the mean of ln y, by weight, and log Σ y
 * less that is the entropy. What y leaves out counts for nothing. Differences and products in f32, their sum in f64: lanes on their own, then
 * (0 + 2) + (1 + 3), then what is left of n.
 *
 * y, x: f32[n], n ≥ 1; max / temperature is finite.
 */
export function firstMoment(out: usize, y: usize, x: usize, n: i32, max: f32, temperature: f32): void {
  assert(n > 0, "firstMoment: n must be at least 1");
  const shift = f32x4.splat(max / temperature),
    divisor = f32x4.splat(temperature),
    none = f32x4.splat(0);
  let low = f64x2.splat(0), // lanes 0, 1
    high = low; // lanes 2, 3
  for (; n >= 4; n -= 4, x += 16, y += 16) {
    const weight = v128.load(y);
    const logarithm = f32x4.sub(f32x4.div(v128.load(x), divisor), shift);
    const v = v128.and(f32x4.mul(weight, logarithm), f32x4.gt(weight, none));
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 0, 1)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; n > 0; n--, x += 4, y += 4) {
    const weight = f32.load(y);
    if (weight > 0) sum += <f64>(weight * (f32.load(x) / temperature - max / temperature));
  }
  f64.store(out, sum);
}
