import { expect, test } from "vitest";
import { blockMaxima } from "../reference/blockMaxima.ts";
import { both, expectRefusal, normal } from "./harness.ts";

const run = (x: Float32Array): Float32Array =>
  both((lab) => {
    const n = Math.ceil(x.length / 64);
    const y = lab.room(n * 4);
    lab.kernels.blockMaxima(y, lab.put(x), x.length);
    return lab.f32(y, n);
  });

// Around one block and two, a prime, the vocabularies.
test.each([1, 2, 63, 64, 65, 127, 128, 1021, 65536, 128000])("%i values", (n) => {
  const x = normal(`x ${n}`, n);
  expect(run(x)).toEqual(Float32Array.from(blockMaxima(x)));
});

test("the largest may be anywhere in its block", () => {
  for (let at = 0; at < 100; at++) {
    const x = Float32Array.from({ length: 100 }, (_, i) => (i === at ? -1 : -2 - i));
    expect(run(x)).toEqual(Float32Array.from(blockMaxima(x)));
  }
});

test("NaN is left out, and −∞ is what is left of nothing", () => {
  const x = normal("x", 200).map((v, i) => (i % 3 === 0 ? Number.NaN : v));
  x.fill(Number.NaN, 64, 128);
  x.fill(Number.NEGATIVE_INFINITY, 192);
  const y = run(x);
  expect(y).toEqual(Float32Array.from(blockMaxima(x)));
  expect([y[1], y[3]]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
});

test("refuses no values", () => {
  expectRefusal("blockMaxima: n must be at least 1", (kernels) => kernels.blockMaxima(65536, 65536, 0));
});
