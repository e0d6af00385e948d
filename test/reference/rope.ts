/**
 * Half rotation: pairs j and j + headDim / 2 turn by position / base^(j / half). Frequencies and angles are rounded to f32 first: that is
 * how the models were trained, and at position 100000 it moves an angle by thousandths.
 */
export function ropeFrequencies(half: number, base: number): Float32Array {
  return Float32Array.from({ length: half }, (_, j) => 1 / base ** (j / half));
}

/** Cosines, then sines. */
export function ropeTable(frequencies: Float32Array, position: number): Float64Array {
  const angles = Array.from(frequencies, (f) => Math.fround(position * f));
  return Float64Array.of(...angles.map((a) => Math.cos(a)), ...angles.map((a) => Math.sin(a)));
}

/** x: [heads][headDim] of one row. */
export function rope(x: ArrayLike<number>, table: ArrayLike<number>, headDim: number): Float64Array {
  const half = headDim / 2;
  return Float64Array.from(x, (v, i) => {
    const j = i % headDim;
    const [cos, sin] = [table[j % half]!, table[half + (j % half)]!];
    return j < half ? v * cos - x[i + half]! * sin : v * cos + x[i - half]! * sin;
  });
}
