import { sigmoid4 } from "./exp";

/**
 * y[i] = gate[i] · sigmoid(gate[i]) · up[i]
 *
 * y, gate, up: f32[n]; n a multiple of 4; y may be gate or up.
 */
export function swiglu(y: usize, gate: usize, up: usize, n: i32): void {
  assert((n & 3) == 0, "swiglu: n must be a multiple of 4");
  for (let o: usize = 0, end = (<usize>n) << 2; o < end; o += 16) {
    const g = v128.load(gate + o);
    v128.store(y + o, f32x4.mul(f32x4.mul(g, sigmoid4(g)), v128.load(up + o)));
  }
}
