import { exp4 } from "./exp";

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
  const shift = f32x4.splat(max);
  let even = f64x2.splat(0),
    odd = even;
  let left = n;
  for (; left >= 4; left -= 4, x += 16, y += 16) {
    const e = exp4(f32x4.sub(v128.load(x), shift));
    v128.store(y, e);
    even = f64x2.add(even, f64x2.promote_low_f32x4(e));
    odd = f64x2.add(odd, f64x2.promote_low_f32x4(v128.shuffle<i32>(e, e, 2, 3, 0, 1)));
  }
  const both = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  if (left > 0) v128.store(y, exp4(f32x4.sub(v128.load(x), shift)));
  for (; left > 0; left--, y += 4) sum += <f64>f32.load(y);
  return sum;
}
