import { expect, test } from "vitest";
import { rmsNorm } from "../reference/rmsNorm.ts";
import { both, expectClose, expectRefusal, normal, U } from "./harness.ts";

const EPS = Math.fround(1e-5);

const run = (x: Float32Array, weight: Float32Array): Float32Array =>
  both((lab) => {
    const y = lab.room(x.byteLength);
    lab.kernels.rmsNorm(y, lab.put(x), lab.put(weight), x.length, EPS);
    return lab.f32(y, x.length);
  });

/** The sum of squares rounds n/4 + 4 times, half of which the root keeps; then mean, eps, root, inverse and two products. */
const tolerance = (n: number) => (y: number) => ((n / 4 + 4) / 2 + 6) * U * Math.abs(y);

// One vector, and one less or more than a few; a head; primes times the vector; the models' widths.
test.each([4, 8, 12, 52, 60, 64, 68, 4 * 509, 1024, 1536, 2048])("%i values", (n) => {
  const [x, weight] = [normal(`x ${n}`, n), normal(`weight ${n}`, n)];
  expectClose(run(x, weight), rmsNorm(x, weight, EPS), tolerance(n));
});

test.each([1e-38, 1e-20, 1e-6, 1e15])("values of about %s, whose squares leave f32 or meet eps", (scale) => {
  const [x, weight] = [normal("scaled", 64, scale), normal("weight", 64)];
  expectClose(run(x, weight), rmsNorm(x, weight, EPS), tolerance(64));
});

test("a row of zeros stays zero", () => {
  expect(run(new Float32Array(64), normal("weight", 64)).every((v) => v === 0)).toBe(true);
});

test("in place", () => {
  const [x, weight] = [normal("x", 68), normal("weight", 68)];
  const inPlace = both((lab) => {
    const p = lab.put(x);
    lab.kernels.rmsNorm(p, p, lab.put(weight), 68, EPS);
    return lab.f32(p, 68);
  });
  expect(inPlace).toEqual(run(x, weight));
});

test("refuses a part of a vector", () => {
  expectRefusal("rmsNorm: n must be a multiple of 4", (kernels) => kernels.rmsNorm(65536, 65536, 65536, 6, EPS));
});
