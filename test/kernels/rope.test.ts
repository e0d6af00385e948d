import { describe, expect, test } from "vitest";
import { rope, ropeFrequencies, ropeTable } from "../reference/rope.ts";
import { both, expectClose, expectRefusal, normal, U } from "./harness.ts";

const frequencies = (half: number, base: number): Float32Array =>
  both((lab) => {
    const p = lab.room(half * 4);
    lab.kernels.ropeFrequencies(p, half, base);
    return lab.f32(p, half);
  });

const table = (freq: Float32Array, position: number): Float32Array =>
  both((lab) => {
    const p = lab.room(freq.byteLength * 2);
    lab.kernels.ropeTable(p, lab.put(freq), freq.length, position);
    return lab.f32(p, freq.length * 2);
  });

const rotate = (x: Float32Array, cosSin: Float32Array, nHeads: number, headDim: number): Float32Array =>
  both((lab) => {
    const p = lab.put(x);
    lab.kernels.rope(p, lab.put(cosSin), nHeads, headDim);
    return lab.f32(p, x.length);
  });

/** One rounding of a value that is itself right to about 1e-16. */
const rounded = (v: number): number => 1.0001 * U * Math.abs(v);

// The bases of LFM2, LFM2.5-8B and LFM2.5-2.6B.
describe.each([1e6, 5e6, 1e7])("base %d", (base) => {
  test("frequencies", () => {
    expectClose(
      frequencies(32, base),
      Array.from({ length: 32 }, (_, j) => base ** (-j / 32)),
      rounded,
    );
  });

  test.each([0, 1, 2, 63, 64, 4097, 32767, 127999])("cosines and sines at position %i", (position) => {
    const freq = ropeFrequencies(32, base);
    expectClose(table(freq, position), ropeTable(freq, position), rounded);
  });
});

// One pair of vectors, one more; a prime of heads; queries and keys of the models.
test.each([
  [1, 8],
  [1, 16],
  [7, 24],
  [8, 64],
  [32, 64],
])("%i heads of %i", (nHeads, headDim) => {
  const x = normal(`x ${nHeads} ${headDim}`, nHeads * headDim);
  const cosSin = table(ropeFrequencies(headDim / 2, 1e6), 1234);
  // Two products and their sum.
  const tolerance = (_: number, i: number): number => {
    const pair = i % headDim < headDim / 2 ? i + headDim / 2 : i - headDim / 2;
    return 2.1 * U * (Math.abs(x[i]!) + Math.abs(x[pair]!));
  };
  expectClose(rotate(x, cosSin, nHeads, headDim), rope(x, cosSin, headDim), tolerance);
});

test("halves turn, not neighbours, and at position 0 nothing does", () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const quarter = Float32Array.of(0, 1, 1, 1, 1, 0, 0, 0); // the first pair by 90°
  expect([...rotate(x, quarter, 1, 8)]).toEqual([-5, 2, 3, 4, 1, 6, 7, 8]);
  expect(rotate(x, table(ropeFrequencies(4, 1e6), 0), 1, 8)).toEqual(x);
});

test("refuses a part of a vector", () => {
  expectRefusal("rope: headDim must be a multiple of 8", (kernels) => kernels.rope(65536, 65536, 1, 12));
});
