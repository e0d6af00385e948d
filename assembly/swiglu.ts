import { sigmoid4 } from "./exp";

/**
 * y[i] = gate[i] · sigmoid(gate[i]) · up[i]
 *
 * y, gate, up: f32[n]; n a multiple of 4; y may be gate or up.
 */
export function swiglu(y: usize, gate: usize, up: usize, n: i32): void {
  assert((n & 3) == 0, "swiglu: n must be a multiple of 4");
  let left = n;
  for (; left >= 8; left -= 8) {
    const a = activate(v128.load(gate), v128.load(up)),
      b = activate(v128.load(gate, 16), v128.load(up, 16));
    v128.store(y, a);
    v128.store(y, b, 16);
    y += 32;
    gate += 32;
    up += 32;
  }
  if (left > 0) v128.store(y, activate(v128.load(gate), v128.load(up)));
}

function activate(gate: v128, up: v128): v128 {
  return f32x4.mul(f32x4.mul(gate, sigmoid4(gate)), up);
}
