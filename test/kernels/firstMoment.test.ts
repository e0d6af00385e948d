import { expect, test } from "vitest";
import { firstMoment } from "../reference/firstMoment.ts";
import { both, expectRefusal, maximum, normal, padded, U } from "./harness.ts";

function run(y: Float32Array, x: Float32Array, temperature: number): number {
  const bits = both((lab) => {
    const out = lab.room(8);
    const scratch = lab.room(padded(x).byteLength);
    lab.kernels.firstMoment(out, scratch, lab.put(padded(y)), lab.put(padded(x)), x.length, maximum(x), temperature);
    return lab.i32(out, 2);
  });
  return new Float64Array(Int32Array.from(bits).buffer)[0]!;
}

/** Weights as they come: exponentials, 0 where x is no number or too small. */
function weights(x: Float32Array, temperature: number): Float32Array {
  const max = maximum(x);
  return x.map((v) => (Number.isNaN(v) ? 0 : Math.exp((v - max) / temperature)));
}

function expectRight(x: Float32Array, temperature: number): void {
  const y = weights(x, temperature);
  // Temperature, quotients, their difference and the product are rounded; the first three are as large as the largest quotient.
  const max = maximum(x);
  const rounding = y.reduce((sum, weight, i) => (weight > 0 ? sum + weight * 4 * (Math.abs(x[i]!) + 2 * Math.abs(max)) : sum), 0);
  const bound = (U * rounding) / temperature + 1e-30;
  expect(Math.abs(run(y, x, temperature) - firstMoment(y, x, max, temperature))).toBeLessThanOrEqual(bound);
}

// Around one vector, a prime, the vocabularies.
test.each([1, 3, 4, 5, 7, 8, 67, 1021, 65536, 128000])("%i values", (n) => {
  for (const temperature of [0.3, 1, 1.7]) expectRight(normal(`x ${n}`, n, 3), temperature);
});

test("what has no weight counts for nothing, be it NaN or −∞; the others for what they are", () => {
  for (const n of [200, 201, 203]) {
    const x = normal("x", n).map((v, i) => (i % 3 === 0 ? Number.NaN : i % 3 === 1 ? Number.NEGATIVE_INFINITY : v));
    expectRight(x, 0.7);
    const few = x.filter((_, i) => i % 3 === 2);
    expect(run(weights(x, 0.7), x, 0.7)).toBeCloseTo(run(weights(few, 0.7), few, 0.7), 10);
  }
});

test("refuses no values", () => {
  expectRefusal("firstMoment: n must be at least 1", (kernels) => kernels.firstMoment(65536, 65536, 65536, 65536, 0, 0, 1));
});
