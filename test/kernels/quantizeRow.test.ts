import { describe, expect, test } from "vitest";
import { quantizeRow } from "../reference/quantizeRow.ts";
import { decodeActivations, QUANTIZERS, type Activations } from "./activations.ts";
import { both, expectRefusal, normal, U } from "./harness.ts";

const FORMS = ["q32", "q32Wide", "q256"] as const;

/** What both builds must agree on, whatever their layouts. */
function run(form: (typeof FORMS)[number], x: Float32Array): Activations {
  let decoded: Activations | undefined;
  const flat = both((lab) => {
    decoded = decodeActivations(lab, form, x);
    return Float32Array.of(...decoded.d, ...decoded.q, ...decoded.sums.flatMap(([, sums]) => sums));
  });
  expect(flat.length).toBeGreaterThan(x.length);
  return decoded!;
}

function expectRight(form: (typeof FORMS)[number], x: Float32Array): void {
  const block = form === "q256" ? 256 : 32;
  const { d, q, sums } = run(form, x);
  const reference = quantizeRow(x, block);
  expect(d).toEqual(Float32Array.from(reference.d));
  for (const [i, expected] of reference.q.entries()) {
    if (q[i] === expected) continue;
    // 127 / amax and its product with x are rounded: next to a tie the neighbour may be taken.
    const exact = x[i]! / reference.d[Math.floor(i / block)]!;
    expect(Math.abs(Math.abs(exact - Math.floor(exact)) - 0.5), `x[${i}] = ${x[i]}`).toBeLessThan(3 * 127 * U);
    expect(Math.abs(q[i]! - expected)).toBe(1);
  }
  for (const [size, values] of sums) {
    const expected = Array.from({ length: x.length / size }, (_, b) => q.slice(b * size, (b + 1) * size).reduce((a, v) => a + v, 0));
    expect(values, `sums of ${size}`).toEqual(expected);
  }
}

describe.each(FORMS)("%s", (form) => {
  const block = form === "q256" ? 256 : 32;

  // One block, one more, a prime of them, the models' widths.
  test.each([block, 2 * block, 7 * block, 13 * block, 1792, 2048])("%i values", (n) => expectRight(form, normal(`x ${n}`, n)));

  test("equal values, and a block that holds both extremes", () => {
    for (const value of [1, -1, 3e-3, 65504]) expectRight(form, new Float32Array(block).fill(value));
    for (const value of [127, -127]) expect(run(form, new Float32Array(block).fill(value)).q.every((q) => q === value)).toBe(true);
    expectRight(
      form,
      Float32Array.from({ length: block }, (_, i) => (i % 3) - 1),
    );
  });

  test("ties go to the even number", () => {
    const x = Float32Array.from({ length: block }, (_, i) => (i === 0 ? 127 : (i % 32) - 16.5));
    expect([...run(form, x).q]).toEqual([...quantizeRow(x, block).q]);
    expect(run(form, x).q.slice(14, 19)).toEqual(Float32Array.of(-2, -2, 0, 0, 2));
  });

  test("the largest, the smallest and no numbers", () => {
    const largest = 3.4028234663852886e38;
    expectRight(
      form,
      Float32Array.from({ length: block }, (_, i) => (i % 2 ? -largest : largest)),
    );
    expectRight(form, normal("small", block, 1e-30));
    for (const x of [new Float32Array(block), new Float32Array(block).fill(1e-36), new Float32Array(block).fill(1e-45)]) {
      expect(run(form, x).q.every((q) => q === 0)).toBe(true);
    }
  });

  test("a block knows nothing of its neighbours", () => {
    const x = normal("x", 2 * block);
    x.subarray(block).forEach((v, i, half) => (half[i] = v * 1e6));
    const { d, q } = run(form, x);
    const second = run(form, x.slice(block));
    expect([d[1], ...q.slice(block)]).toEqual([...second.d, ...second.q]);
  });

  test("refuses a part of a block", () => {
    expectRefusal("n must be a multiple of", (kernels) => kernels[QUANTIZERS[form]](65536, 65536, block + 16));
  });
});
