import { exp4 } from "./exp";

/**
 * y[i] = exp(x[i] / temperature − max / temperature), 0 where x is NaN; sums[b] = Σ y[64b … 64b + 63]. Exponentials in f32, sums in f64.
 *
 * y, x: f32[n], n ≥ 1, any number; room for a multiple of 4 in both (what lies behind n is overwritten in y); y may be x. sums: f64[⌈n / 64⌉].
 * max: no x is above it; max / temperature is finite.
 */
export function blockExponentials(y: usize, sums: usize, x: usize, n: i32, max: f32, temperature: f32): void {
  assert(n > 0, "blockExponentials: n must be at least 1");
  const divisor = f32x4.splat(temperature),
    shift = f32x4.splat(max / temperature);
  for (let left = n; left > 0; left -= 64, sums += 8) {
    let even = f64x2.splat(0),
      odd = even;
    let inBlock = min(left, 64);
    for (; inBlock >= 4; inBlock -= 4, x += 16, y += 16) {
      const e = exponential(x, divisor, shift);
      v128.store(y, e);
      even = f64x2.add(even, f64x2.promote_low_f32x4(e));
      odd = f64x2.add(odd, f64x2.promote_low_f32x4(v128.shuffle<i32>(e, e, 2, 3, 0, 1)));
    }
    const both = f64x2.add(even, odd);
    let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
    if (inBlock > 0) v128.store(y, exponential(x, divisor, shift));
    for (; inBlock > 0; inBlock--, y += 4) sum += <f64>f32.load(y);
    f64.store(sums, sum);
  }
}

function exponential(x: usize, divisor: v128, shift: v128): v128 {
  const scaled = f32x4.div(v128.load(x), divisor);
  return v128.and(exp4(f32x4.sub(scaled, shift)), f32x4.eq(scaled, scaled));
}
