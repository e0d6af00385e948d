/**
 * y[b] = max of x[64b … 64b + 63], NaN left out; −∞ where there is none.
 *
 * y: f32[⌈n / 64⌉]; x: f32[n], n ≥ 1, any number.
 */
export function blockMaxima(y: usize, x: usize, n: i32): void {
  assert(n > 0, "blockMaxima: n must be at least 1");
  let left = n;
  for (; left >= 64; left -= 64, x += 256, y += 4) {
    // pmax is one instruction, where max takes six, and keeps its first operand if the second is NaN.
    let most = f32x4.splat(-Infinity);
    for (let o: usize = 0; o < 256; o += 16) most = f32x4.pmax(most, v128.load(x + o));
    most = f32x4.pmax(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
    f32.store(y, f32x4.extract_lane(f32x4.pmax(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2)), 0));
  }
  if (left > 0) {
    let max: f32 = -Infinity;
    for (; left > 0; left--, x += 4) if (f32.load(x) > max) max = f32.load(x);
    f32.store(y, max);
  }
}
