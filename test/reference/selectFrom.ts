/** Where the values from floor up are, NaN left out. */
export const selectFrom = (x: ArrayLike<number>, floor: number): number[] =>
  Array.from(x, (v, i) => (v >= floor ? i : -1)).filter((i) => i >= 0);
