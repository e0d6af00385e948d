/** exp4 is no export: logSumExp leaves exp(x − max) in its scratch, and the router's scores are 1 / (1 + exp(−x)). */
import { expect, test } from "vitest";
import { Random } from "../../bench/synthetic/random.ts";
import { both, EXP_ERROR, EXP_FLOOR, U } from "./harness.ts";

/** exp(x) of the first value, which must be 0, and those below it. */
const exponentials = (x: Float32Array): Float32Array =>
  both((lab) => {
    const scratch = lab.room(x.byteLength);
    lab.kernels.logSumExp(lab.room(8), scratch, lab.put(x), x.length);
    return lab.f32(scratch, x.length);
  });

const sigmoids = (x: Float32Array): Float32Array =>
  both((lab) => {
    const logits = lab.put(x);
    lab.kernels.router(lab.room(4), lab.room(4), logits, 0, x.length, 1);
    return lab.f32(logits, x.length);
  });

const worst = (actual: Float32Array, expected: (i: number) => number): number =>
  actual.reduce((most, v, i) => Math.max(most, Math.abs(v / expected(i) - 1)), 0);

test("exp(x), −87 < x ≤ 0: within EXP_ERROR", () => {
  const random = new Random("exp");
  const x = Float32Array.from({ length: 200_000 }, (_, i) => (i === 0 ? 0 : -87 * random.next() ** (1 + (i % 4))));
  expect(worst(exponentials(x), (i) => Math.exp(x[i]!))).toBeLessThan(EXP_ERROR);
});

test("exp(x), x > 17, where 1 + exp(x) rounds once more, and the quotient", () => {
  const x = Float32Array.from({ length: 2000 }, (_, i) => -17 - (70.9 * i) / 2000);
  expect(worst(sigmoids(x), (i) => 1 / (1 + Math.exp(-x[i]!)))).toBeLessThan(EXP_ERROR + 2.1 * U);
});

test("next to the multiples of ln 2 / 2, where the reduction changes over", () => {
  const x = Float32Array.from({ length: 2 + 3 * 250 }, (_, i) => {
    const near = Math.fround((-Math.ceil(i / 3) * Math.LN2) / 2);
    return i === 0 ? 0 : near + ((i % 3) - 1) * 2 ** (Math.floor(Math.log2(-near)) - 23);
  });
  expect(worst(exponentials(x), (i) => Math.exp(x[i]!))).toBeLessThan(EXP_ERROR);
});

test("exp(0) = 1, exp(−87) is the last that is not 0, exp(−∞) = 0", () => {
  const y = exponentials(Float32Array.of(0, -0, -87, -87.00001, -88, -1e30, Number.NEGATIVE_INFINITY, 0));
  expect([...y.slice(0, 2), y[7]]).toEqual([1, 1, 1]);
  expect(Math.abs(y[2]! / EXP_FLOOR - 1)).toBeLessThan(EXP_ERROR);
  expect(y.slice(3, 7)).toEqual(new Float32Array(4));
});
