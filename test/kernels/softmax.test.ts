import { describe, expect, test } from "vitest";
import { logSumExp, softmax } from "../reference/softmax.ts";
import { both, EXP_ERROR, EXP_FLOOR, expectClose, expectRefusal, normal, padded, U } from "./harness.ts";

const run = (x: Float32Array): Float32Array =>
  both((lab) => {
    const y = lab.room(padded(x).byteLength);
    lab.kernels.softmax(y, lab.put(padded(x)), x.length);
    return lab.f32(y, x.length);
  });

const runLogSumExp = (x: Float32Array): number => {
  const bits = both((lab) => {
    const out = lab.room(8);
    lab.kernels.logSumExp(out, lab.room(padded(x).byteLength), lab.put(padded(x)), x.length);
    return lab.i32(out, 2);
  });
  return new Float64Array(bits.buffer)[0]!;
};

/** x − max is rounded, and exp turns an absolute error into a relative one; values further than 87 from max count as 0. */
const relative = (x: Float32Array): number => {
  const max = x.reduce((a, b) => Math.max(a, b));
  return EXP_ERROR + U * x.reduce((most, v) => Math.max(most, max - v < 88 ? max - v : 0), 0);
};

const CASES: [name: string, x: Float32Array][] = [
  // Around one vector, a prime, the vocabularies.
  ...[1, 2, 3, 4, 5, 7, 8, 1021, 65536, 128000].map((n): [string, Float32Array] => [`${n} values`, normal(`x ${n}`, n, 5)]),
  ["90 … 100, whose exponentials are beyond f32", Float32Array.from({ length: 41 }, (_, i) => 90 + i / 4)],
  ["−100 … −90, whose exponentials vanish", Float32Array.from({ length: 41 }, (_, i) => -90 - i / 4)],
  ["all equal", new Float32Array(1000).fill(-3e4)],
  ["one far ahead", Float32Array.of(0, 200, -200, 0, 0)],
  ["masked by −∞", Float32Array.of(Number.NEGATIVE_INFINITY, 1, 2, Number.NEGATIVE_INFINITY, 0.5)],
];

describe.each(CASES)("%s", (_, x) => {
  test("softmax", () => {
    // Both the exponential and the sum have that error; the sum and the quotient are rounded.
    const error = 2 * relative(x) + 2.1 * U;
    expectClose(run(x), softmax(x), (p) => error * p + EXP_FLOOR);
  });

  test("logSumExp", () => {
    expect(Math.abs(runLogSumExp(x) - logSumExp(x))).toBeLessThanOrEqual(relative(x) + x.length * EXP_FLOOR + 2 ** -50 * Math.abs(x[0]!));
  });
});

test("in place; the scratch of logSumExp may be x", () => {
  const x = normal("x", 8, 5);
  const inPlace = both((lab) => {
    const [p, q, out] = [lab.put(x), lab.put(x), lab.room(8)];
    lab.kernels.softmax(p, p, 8);
    lab.kernels.logSumExp(out, q, q, 8);
    return Float32Array.of(...lab.f32(p, 8), new Float64Array(lab.bytes(out, 8).buffer)[0]!);
  });
  expect(inPlace).toEqual(Float32Array.of(...run(x), runLogSumExp(x)));
});

test("refuse no values", () => {
  expectRefusal("softmax: n must be at least 1", (kernels) => kernels.softmax(65536, 65536, 0));
  expectRefusal("logSumExp: n must be at least 1", (kernels) => kernels.logSumExp(65536, 65536, 65536, 0));
});
