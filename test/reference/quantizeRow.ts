import { roundHalfEven } from "./f16.ts";

/** Blocks of activations: d = amax / 127, q = nearest(x / d); zeros where amax is too small to be inverted in f32. */
export function quantizeRow(x: ArrayLike<number>, block: number): { d: Float64Array; q: Float64Array } {
  const d = Float64Array.from({ length: x.length / block }, (_, b) => {
    let amax = 0;
    for (let i = b * block; i < (b + 1) * block; i++) amax = Math.max(amax, Math.abs(x[i]!));
    return amax / 127;
  });
  const q = Float64Array.from(x, (v, i) => {
    const scale = d[Math.floor(i / block)]!;
    return scale * 127 > 1e-35 ? roundHalfEven(v / scale) : 0;
  });
  return { d, q };
}
