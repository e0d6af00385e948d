/**
 * Rotary position embedding, half rotation (pairs j and j + headDim / 2).
 *
 * The angle is rounded to f32 before sine and cosine are taken, in f64 and then rounded, as the model was trained.
 */

/** freq[j] = 1 / base^(j / half), f32[half]. Once per model. */
export function ropeFrequencies(freq: usize, half: i32, base: f64): void {
  for (let j = 0; j < half; j++) f32.store(freq + ((<usize>j) << 2), <f32>(1.0 / Math.pow(base, <f64>j / <f64>half)));
}

/** table: f32[2][half], cosines then sines of position · freq[j]. Once per row of a batch, for all layers. */
export function ropeTable(table: usize, freq: usize, half: i32, position: i32): void {
  const sines = table + ((<usize>half) << 2);
  for (let o: usize = 0, end = (<usize>half) << 2; o < end; o += 4) {
    const angle = <f64>(<f32>position * f32.load(freq + o));
    f32.store(table + o, <f32>Math.cos(angle));
    f32.store(sines + o, <f32>Math.sin(angle));
  }
}

/** x: f32[nHeads][headDim] of one row, in place; headDim a multiple of 8. */
export function rope(x: usize, table: usize, nHeads: i32, headDim: i32): void {
  assert((headDim & 7) == 0, "rope: headDim must be a multiple of 8");
  const half = (<usize>headDim) << 1; // bytes of half a head, and of the cosines
  for (const end = x + <usize>nHeads * half * 2; x < end; x += half * 2) {
    for (let o: usize = 0; o < half; o += 16) {
      const cos = v128.load(table + o),
        sin = v128.load(table + half + o);
      const a = v128.load(x + o),
        b = v128.load(x + half + o);
      v128.store(x + o, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
      v128.store(x + half + o, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
    }
  }
}
