/**
 * The values from floor up and where they are: values[j] = x[indices[j]] ≥ floor for j < count, in ascending order of index.
 *
 * count: i32; indices: i32[n]; values: f32[n]; x: f32[n], n ≥ 1, any number, NaN is left out; floor ≥ 0.
 */
export function selectFrom(count: usize, indices: usize, values: usize, x: usize, n: i32, floor: f64): void {
  assert(n > 0, "selectFrom: n must be at least 1");
  assert(floor >= 0, "selectFrom: floor must be at least 0");
  let least = <f32>floor;
  if (<f64>least < floor) least = reinterpret<f32>(reinterpret<i32>(least) + 1); // the next f32
  const threshold = f32x4.splat(least);
  let found: usize = 0;
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const p = x + ((<usize>i) << 2);
    const low = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(p), threshold), f32x4.ge(v128.load(p, 16), threshold)),
      high = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(p, 32), threshold), f32x4.ge(v128.load(p, 48), threshold));
    // A bit for each of the sixteen.
    for (let hits = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)); hits != 0; hits &= hits - 1, found += 4) {
      const at = ctz(hits);
      i32.store(indices + found, i + at);
      f32.store(values + found, f32.load(p + ((<usize>at) << 2)));
    }
  }
  for (; i < n; i++) {
    const v = f32.load(x + ((<usize>i) << 2));
    if (!(v >= least)) continue;
    i32.store(indices + found, i);
    f32.store(values + found, v);
    found += 4;
  }
  i32.store(count, <i32>(found >> 2));
}
