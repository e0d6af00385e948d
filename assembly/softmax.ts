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

function largest(x: usize, n: i32): f32 {
  let max = f32.load(x);
  for (let i = 1; i < n; i++) {
    const v = f32.load(x + ((<usize>i) << 2));
    if (v > max) max = v;
  }
  return max;
}

/** y[i] = exp(x[i] − max), and their sum. */
function exponentials(y: usize, x: usize, n: i32, max: f32): f64 {
  let sum: f64 = 0;
  const end = (<usize>n) << 2;
  for (let o: usize = 0; o < end; o += 16) {
    v128.store(y + o, exp4(f32x4.sub(v128.load(x + o), f32x4.splat(max))));
    for (let p = o; p < o + 16 && p < end; p += 4) sum += <f64>f32.load(y + p);
  }
  return sum;
}
