/** The sum across the lanes of one vector, always in the same order: (0 + 2) + (1 + 3). */
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** Σ x[i] of f32[n] in f64, always in the same order: lanes 0 … 3 on their own, (0 + 2) + (1 + 3), then what is left of n. */
export function sumF64(x: usize, n: i32): f64 {
  let low = f64x2.splat(0), // lanes 0, 1
    high = low; // lanes 2, 3
  for (; n >= 4; n -= 4, x += 16) {
    const v = v128.load(x);
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 0, 1)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; n > 0; n--, x += 4) sum += <f64>f32.load(x);
  return sum;
}
