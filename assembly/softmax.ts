import { expVectors } from "./exp";
import { sumF64 } from "./horizontal";

/**
 * The softmax that decides tokens: y[i] = exp(x[i] − max) / Σ. Exponentials in f32, their sum in f64.
 *
 * y, x: f32[n], n ≥ 1, any number; room for a multiple of 4 in both (what lies behind n is overwritten in y); y may be x.
 */
export function softmax(y: usize, x: usize, n: i32): void {
  assert(n > 0, "softmax: n must be at least 1");
  const sum = <f32>exponentials(y, x, n, largest(x, n));
  for (let o: usize = 0, end = (<usize>n) << 2; o < end; o += 16) v128.store(y + o, f32x4.div(v128.load(y + o), f32x4.splat(sum)));
}

/** out: f64 = log Σ exp(x[i]); scratch: f32[n], x: f32[n], both with room for a multiple of 4; scratch may be x. */
export function logSumExp(out: usize, scratch: usize, x: usize, n: i32): void {
  assert(n > 0, "logSumExp: n must be at least 1");
  const max = largest(x, n);
  f64.store(out, <f64>max + Math.log(exponentials(scratch, x, n, max)));
}

/** NaN is no candidate. */
function largest(x: usize, n: i32): f32 {
  let most = f32x4.splat(-Infinity);
  let left = n;
  for (; left >= 4; left -= 4, x += 16) most = f32x4.pmax(most, v128.load(x)); // one instruction, where max takes six
  let max = f32x4.extract_lane(most, 0);
  if (f32x4.extract_lane(most, 1) > max) max = f32x4.extract_lane(most, 1);
  if (f32x4.extract_lane(most, 2) > max) max = f32x4.extract_lane(most, 2);
  if (f32x4.extract_lane(most, 3) > max) max = f32x4.extract_lane(most, 3);
  for (; left > 0; left--, x += 4) if (f32.load(x) > max) max = f32.load(x);
  return max;
}

/** y[i] = exp(x[i] − max), and their sum. */
function exponentials(y: usize, x: usize, n: i32, max: f32): f64 {
  expVectors(y, x, <usize>(n + 3) >> 2, f32x4.splat(max));
  return sumF64(y, n);
}
