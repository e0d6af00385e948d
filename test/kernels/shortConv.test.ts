import { describe, expect, test } from "vitest";
import { shortConv } from "../reference/shortConv.ts";
import { both, expectClose, expectRefusal, expectSame, normal, U } from "./harness.ts";

interface Case {
  n: number;
  bcx: Float32Array;
  state: Float32Array;
  weight: Float32Array;
}

const makeCase = (n: number, rows: number): Case => ({
  n,
  bcx: normal(`bcx ${n}`, rows * 3 * n),
  state: normal(`state ${n}`, 2 * n),
  weight: normal(`weight ${n}`, 3 * n),
});

/** y, then the state that is left; rows in chunks, channels in ranges. */
function run({ n, bcx, state, weight }: Case, chunks: number[], ranges: [from: number, to: number][] = [[0, n]]): Float32Array {
  const rows = bcx.length / (3 * n);
  return both((lab) => {
    const [y, input, s, w] = [lab.room(rows * n * 4), lab.put(bcx), lab.put(state), lab.put(weight)];
    let row = 0;
    for (const count of chunks) {
      for (const [from, to] of ranges) lab.kernels.shortConv(y + row * n * 4, input + row * 3 * n * 4, s, w, n, count, from, to);
      row += count;
    }
    return Float32Array.of(...lab.f32(y, rows * n), ...lab.f32(s, 2 * n));
  });
}

// Around one vector, a prime of them, the models' widths; fewer rows than the state holds, as many, and more.
describe.each([4, 8, 12, 52, 1024, 2048])("%i channels", (n) => {
  test.each([1, 2, 3, 7])("%i rows", (rows) => {
    const input = makeCase(n, rows);
    const actual = run(input, [rows]);
    const { y, state, magnitudes } = shortConv(input.bcx, input.state, input.weight, n);
    // g, its product with a tap, two sums and the product with C.
    expectClose(actual.subarray(0, rows * n), y, (_, i) => 5.1 * U * magnitudes[i]!);
    expect(actual.slice(rows * n)).toEqual(Float32Array.from(state));
  });
});

test("the same bits in chunks of any size, empty ones too, and with channels shared out", () => {
  const input = makeCase(52, 7);
  const whole = run(input, [7]);
  const shares: [number, number][] = [
    [0, 16],
    [16, 20],
    [20, 20],
    [20, 52],
  ];
  for (const chunks of [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 5],
    [0, 3, 1, 0, 3],
  ]) {
    expectSame(run(input, chunks), whole);
    expectSame(run(input, chunks, shares), whole);
  }
});

test("refuses a part of a vector", () => {
  for (const [n, from, to] of [
    [6, 0, 4],
    [8, 2, 8],
    [8, 0, 7],
  ] as const) {
    expectRefusal("shortConv: n, from and to must be multiples of 4", (kernels) => kernels.shortConv(0, 0, 0, 0, n, 1, from, to));
  }
});
