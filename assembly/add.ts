/** y[i] += x[i]; f32[n], n a multiple of 4. */
export function add(y: usize, x: usize, n: i32): void {
  assert((n & 3) == 0, "add: n must be a multiple of 4");
  for (const end = y + ((<usize>n) << 2); y < end; y += 16, x += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
}

/** y[i] += a · x[i], rounded twice; f32[n], n a multiple of 4. */
export function addScaled(y: usize, x: usize, a: f32, n: i32): void {
  assert((n & 3) == 0, "addScaled: n must be a multiple of 4");
  const scale = f32x4.splat(a);
  for (const end = y + ((<usize>n) << 2); y < end; y += 16, x += 16) v128.store(y, f32x4.add(v128.load(y), f32x4.mul(scale, v128.load(x))));
}
