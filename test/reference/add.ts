/** y + x */
export function add(y: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  return addScaled(y, x, 1);
}

/** y + a · x */
export function addScaled(y: ArrayLike<number>, x: ArrayLike<number>, a: number): Float64Array {
  return Float64Array.from(y, (v, i) => v + a * x[i]!);
}
