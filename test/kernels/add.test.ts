import { expect, test } from "vitest";
import { add, addScaled } from "../reference/add.ts";
import { both, expectClose, expectRefusal, normal, U } from "./harness.ts";

const SIZES = [4, 8, 12, 52, 2048, 3 * 2048 + 4];

test.each(SIZES)("add, %i values: rounded once", (n) => {
  const [y, x] = [normal("y", n), normal("x", n, 1e3)];
  const sum = both((lab) => {
    const p = lab.put(y);
    lab.kernels.add(p, lab.put(x), n);
    return lab.f32(p, n);
  });
  expect(sum).toEqual(Float32Array.from(add(y, x)));
});

test.each(SIZES)("addScaled, %i values: rounded twice, never fused", (n) => {
  const [y, x, a] = [normal("y", n), normal("x", n), Math.fround(0.3)];
  const sum = both((lab) => {
    const p = lab.put(y);
    lab.kernels.addScaled(p, lab.put(x), a, n);
    return lab.f32(p, n);
  });
  expectClose(sum, addScaled(y, x, a), (s, i) => U * (Math.abs(s) + Math.abs(a * x[i]!)) * (1 + U));
  expect(sum).toEqual(y.map((v, i) => Math.fround(v + Math.fround(a * x[i]!))));
});

test("y may be x", () => {
  const x = normal("x", 8);
  const twice = both((lab) => {
    const p = lab.put(x);
    lab.kernels.add(p, p, 8);
    return lab.f32(p, 8);
  });
  expect(twice).toEqual(x.map((v) => 2 * v));
});

test("refuse a part of a vector", () => {
  expectRefusal("add: n must be a multiple of 4", (kernels) => kernels.add(65536, 65536, 5));
  expectRefusal("addScaled: n must be a multiple of 4", (kernels) => kernels.addScaled(65536, 65536, 1, 7));
});
