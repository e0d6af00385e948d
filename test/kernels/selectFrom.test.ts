import { expect, test } from "vitest";
import { selectFrom } from "../reference/selectFrom.ts";
import { both, expectRefusal, normal } from "./harness.ts";

function expectRight(x: Float32Array, floor: number): void {
  const [count = 0, ...found] = both((lab) => {
    const [at, indices, values] = [lab.room(4), lab.room(x.byteLength), lab.room(x.byteLength)];
    lab.kernels.selectFrom(at, indices, values, lab.put(x), x.length, floor);
    const count = lab.i32(at, 1)[0]!;
    return Int32Array.of(count, ...lab.i32(indices, count), ...lab.i32(values, count));
  });
  const expected = selectFrom(x, floor);
  expect(found.slice(0, count)).toEqual(expected);
  expect(found.slice(count)).toEqual([...new Int32Array(Float32Array.from(expected, (i) => x[i]!).buffer)]);
}

// Around sixteen and their multiples, a prime, a vocabulary of some size; none, few, many.
test.each([1, 3, 15, 16, 17, 31, 32, 33, 1021, 8192])("%i values", (n) => {
  const x = normal(`x ${n}`, n).map(Math.abs);
  for (const floor of [0, 0.01, 1, 2.5, 100]) expectRight(x, floor);
});

test("each place of a group, alone", () => {
  for (let at = 0; at < 40; at++)
    expectRight(
      Float32Array.from({ length: 40 }, (_, i) => (i === at ? 2 : 1)),
      2,
    );
});

test("equal to the floor is enough, also to one between two f32", () => {
  const [value, below, above] = [Math.fround(0.1), Math.fround(0.1) - 2 ** -30, Math.fround(0.1) + 2 ** -30];
  const x = new Float32Array(20).fill(value);
  x[7] = value + 2 ** -27; // the next
  for (const floor of [value, below, above]) expectRight(x, floor);
});

test("NaN and what is below 0 are left out, ∞ is not", () => {
  const x = normal("x", 50).map((v, i) => (i % 3 === 0 ? Number.NaN : i % 7 === 1 ? Number.POSITIVE_INFINITY : v));
  for (const floor of [0, 0.5, 1e-300]) expectRight(x, floor);
});

test("refuses no values and a floor below 0", () => {
  expectRefusal("selectFrom: n must be at least 1", (kernels) => kernels.selectFrom(65536, 65536, 65536, 65536, 0, 0));
  expectRefusal("selectFrom: floor must be at least 0", (kernels) => kernels.selectFrom(65536, 65536, 65536, 65536, 1, -1));
});
