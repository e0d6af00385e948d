import { expVectors } from "./exp";
import { sumF64 } from "./horizontal";

/**
 * y[i] = exp(x[i] / temperature − max / temperature), 0 where x is NaN; sums[b] = Σ y[64b … 64b + 63]. Exponentials in f32, sums in f64.
 *
 * y, x: f32[n], n ≥ 1, any number; room for a multiple of 4 in both (what lies behind n is overwritten in y); y may be x. sums: f64[⌈n / 64⌉].
 * max: no x is above it; max / temperature is finite.
 */
export function blockExponentials(y: usize, sums: usize, x: usize, n: i32, max: f32, temperature: f32): void {
  assert(n > 0, "blockExponentials: n must be at least 1");
  const shift = f32x4.splat(max / temperature);
  for (let left = n; left > 0; left -= 64, x += 256, y += 256, sums += 8) {
    const inBlock = min(left, 64);
    const vectors = <usize>(inBlock + 3) >> 2;
    divide(y, x, vectors, temperature);
    expVectors(y, y, vectors, shift);
    f64.store(sums, sumF64(y, inBlock));
  }
}

/** y[i] = x[i] / divisor on n vectors. */
function divide(y: usize, x: usize, n: usize, divisor: f32): void {
  const d = f32x4.splat(divisor);
  for (; n >= 2; n -= 2, x += 32, y += 32) {
    const a = f32x4.div(v128.load(x), d),
      b = f32x4.div(v128.load(x, 16), d);
    v128.store(y, a);
    v128.store(y, b, 16);
  }
  if (n > 0) v128.store(y, f32x4.div(v128.load(x), d));
}
