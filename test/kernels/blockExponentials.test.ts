import { expect, test } from "vitest";
import { blockExponentials } from "../reference/blockExponentials.ts";
import { both, EXP_ERROR, EXP_FLOOR, expectClose, expectRefusal, maximum, normal, padded, U } from "./harness.ts";

interface Result {
  readonly y: Float32Array;
  readonly sums: Float64Array;
}

function run(x: Float32Array, temperature: number, inPlace = false): Result {
  const blocks = Math.ceil(x.length / 64);
  const bits = both((lab) => {
    const input = lab.put(padded(x));
    const y = inPlace ? input : lab.room(padded(x).byteLength);
    const sums = lab.room(blocks * 8);
    lab.kernels.blockExponentials(y, sums, input, x.length, maximum(x), temperature);
    const result = new Int32Array(blocks * 2 + x.length);
    result.set(lab.i32(sums, blocks * 2));
    result.set(lab.i32(y, x.length), blocks * 2);
    return result;
  });
  return { sums: new Float64Array(bits.buffer, 0, blocks), y: new Float32Array(bits.buffer, blocks * 8) };
}

function expectRight(x: Float32Array, temperature: number): void {
  const [actual, expected] = [run(x, temperature), blockExponentials(x, maximum(x), temperature)];
  // The temperature, both quotients and their difference are rounded, and exp turns an absolute error into a relative one.
  const largest = Math.abs(maximum(x)) / temperature;
  const error = EXP_ERROR + U * (4 * largest + 4 * 88);
  expectClose(actual.y, expected.y, (p) => error * p + EXP_FLOOR);
  expectClose(actual.sums, expected.sums, (sum) => error * sum + 64 * EXP_FLOOR);
}

// Around one vector and one block, a prime, the vocabularies.
test.each([1, 3, 4, 5, 63, 64, 65, 67, 128, 1021, 65536, 128000])("%i values", (n) => {
  for (const temperature of [0.3, 1, 1.7]) expectRight(normal(`x ${n}`, n, 3), temperature);
});

test("a sum is that of its own block", () => {
  const { y, sums } = run(normal("x", 200), 1);
  for (const [b, sum] of sums.entries())
    expect(sum).toBeCloseTo(
      y.slice(64 * b, 64 * b + 64).reduce((a, v) => a + v, 0),
      12,
    );
});

test("NaN and −∞ count for nothing, the largest for one", () => {
  const x = normal("x", 200).map((v, i) => (i % 3 === 0 ? Number.NaN : i % 3 === 1 ? Number.NEGATIVE_INFINITY : v));
  expectRight(x, 0.7);
  const { y } = run(x, 0.7);
  expect([y[0], y[1], y[x.indexOf(maximum(x))]]).toEqual([0, 0, 1]);
});

test("90 … 100, whose exponentials are beyond f32; in place", () => {
  const x = Float32Array.from({ length: 81 }, (_, i) => 90 + i / 8);
  expectRight(x, 1);
  expect(run(x, 1, true)).toEqual(run(x, 1));
});

test("refuses no values", () => {
  expectRefusal("blockExponentials: n must be at least 1", (kernels) => kernels.blockExponentials(65536, 65536, 65536, 0, 0, 1));
});
