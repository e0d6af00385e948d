import { sum4 } from "./horizontal";

/**
 * y[i] = x[i] · weight[i] / sqrt(mean(x²) + eps)
 *
 * y, x, weight: f32[n]; n a multiple of 4; y may be x.
 */
export function rmsNorm(y: usize, x: usize, weight: usize, n: i32, eps: f32): void {
  assert((n & 3) == 0, "rmsNorm: n must be a multiple of 4");
  const bytes = (<usize>n) << 2;
  let squares = f32x4.splat(0);
  for (let o: usize = 0; o < bytes; o += 16) {
    const v = v128.load(x + o);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  const scale = f32x4.splat(1 / sqrt<f32>(sum4(squares) / <f32>n + eps));
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(y + o, f32x4.mul(f32x4.mul(v128.load(x + o), scale), v128.load(weight + o)));
  }
}
