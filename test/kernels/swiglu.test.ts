import { expect, test } from "vitest";
import { swiglu } from "../reference/swiglu.ts";
import { both, EXP_ERROR, expectClose, expectRefusal, normal, U } from "./harness.ts";

const run = (gate: Float32Array, up: Float32Array): Float32Array =>
  both((lab) => {
    const y = lab.room(gate.byteLength);
    lab.kernels.swiglu(y, lab.put(gate), lab.put(up), gate.length);
    return lab.f32(y, gate.length);
  });

/** The exponential, 1 + it, the quotient and two products; below −88 the sigmoid stays at exp(−88). */
const tolerance = (gate: Float32Array, up: Float32Array) => (y: number, i: number) =>
  (EXP_ERROR + 4.1 * U) * Math.abs(y) + Math.abs(gate[i]! * up[i]!) * 1.01 * Math.exp(-88);

test.each([4, 8, 12, 52, 1792, 4 * 1021, 7168])("%i values", (n) => {
  const [gate, up] = [normal("gate", n, 4), normal("up", n)];
  expectClose(run(gate, up), swiglu(gate, up), tolerance(gate, up));
});

test("gates where exp overflows or vanishes", () => {
  const gate = Float32Array.of(0, -0, 1e-30, -1e-30, 17, -17, 80, -80, 88, -88, 90, -90, 104, -104, 1e30, -1e30);
  const up = gate.map(() => -3);
  const y = run(gate, up);
  expectClose(y, swiglu(gate, up), tolerance(gate, up));
  expect(y.every(Number.isFinite)).toBe(true);
});

test("y may be gate, or up", () => {
  const [gate, up] = [normal("gate", 12), normal("up", 12)];
  const expected = run(gate, up);
  for (const target of [0, 1]) {
    const inPlace = both((lab) => {
      const p = [lab.put(gate), lab.put(up)] as const;
      lab.kernels.swiglu(p[target]!, ...p, 12);
      return lab.f32(p[target]!, 12);
    });
    expect(inPlace).toEqual(expected);
  }
});

test("refuses a part of a vector", () => {
  expectRefusal("swiglu: n must be a multiple of 4", (kernels) => kernels.swiglu(65536, 65536, 65536, 10));
});
