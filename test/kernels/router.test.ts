import { describe, expect, test } from "vitest";
import { router } from "../reference/router.ts";
import { both, EXP_ERROR, EXP_FLOOR, expectClose, expectRefusal, normal, U } from "./harness.ts";

/** [indices, weights, scores] */
function run(logits: Float32Array, bias: Float32Array | undefined, k: number): [Int32Array, Float32Array, Float32Array] {
  const bits = both((lab) => {
    const [indices, weights, scores] = [lab.room(k * 4), lab.room(k * 4), lab.put(logits)];
    lab.kernels.router(indices, weights, scores, bias ? lab.put(bias) : 0, logits.length, k);
    return Int32Array.of(...lab.i32(indices, k), ...lab.i32(weights, k), ...lab.i32(scores, logits.length));
  });
  return [bits.slice(0, k), new Float32Array(bits.slice(k, 2 * k).buffer), new Float32Array(bits.slice(2 * k).buffer)];
}

// The 8B, the 24B and the tiny model; all, one and a prime of experts.
describe.each([
  [32, 4],
  [64, 4],
  [6, 4],
  [8, 8],
  [1, 1],
  [13, 5],
])("%i experts, the best %i", (n, k) => {
  test.each([true, false])("with a bias: %s", (biased) => {
    const logits = normal(`logits ${n}`, n, 2);
    const bias = biased ? normal(`bias ${n}`, n, 0.3) : undefined;
    const [indices, weights, scores] = run(logits, bias, k);
    const reference = router(logits, bias, k);
    expect([...indices]).toEqual(reference.indices);
    // The exponential, 1 + it and the quotient.
    const score = EXP_ERROR + 2.1 * U;
    expectClose(scores, reference.scores, (s) => score * s + EXP_FLOOR);
    // The same again for the sum, which rounds k + 1 times, and a quotient.
    expectClose(weights, reference.weights, (w) => (2 * score + (k + 2) * U) * w);
  });
});

test("a bias chooses, and does not weigh", () => {
  const [indices, weights] = run(Float32Array.of(3, 2, 1, 0, -1), Float32Array.of(-9, 0, 0, 0, 9), 2);
  expect([...indices]).toEqual([1, 4]);
  expectClose(weights, router(Float32Array.of(2, -1), undefined, 2).weights, (w) => 10 * U * w);
});

test("equal logits: the lower indices", () => {
  const [indices, weights] = run(new Float32Array(32).fill(0.7), undefined, 4);
  expect([...indices]).toEqual([0, 1, 2, 3]);
  expect(new Set(weights).size).toBe(1);
  expect([...run(Float32Array.of(1, 5, 1, 5, 5, 1), undefined, 4)[0]]).toEqual([0, 1, 3, 4]);
});

test("logits far out: finite weights, whose sum is not above 1", () => {
  for (const value of [1e30, 100, -80, -100, -1e30]) {
    const weights = run(new Float32Array(6).fill(value), undefined, 4)[1];
    expect(
      weights.every((w) => w >= 0 && w <= 0.25),
      String(value),
    ).toBe(true);
  }
});

test("NaN logits give k experts, ascending and in range", () => {
  for (const logits of [new Float32Array(6).fill(Number.NaN), Float32Array.of(1, Number.NaN, 2, 3, Number.NaN, 4)]) {
    const indices = [...run(logits, undefined, 4)[0]];
    expect(indices.every((e, i) => e >= 0 && e < 6 && (i === 0 || e > indices[i - 1]!))).toBe(true);
  }
});

test("refuses more experts than there are, or none", () => {
  expectRefusal("router: k must be between 1 and n", (kernels) => kernels.router(65536, 65536, 65536, 0, 3, 4));
  expectRefusal("router: k must be between 1 and n", (kernels) => kernels.router(65536, 65536, 65536, 0, 3, 0));
});
