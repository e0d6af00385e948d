/** f16 ↔ f32 are no exports: unpackRowF16 reads them, appendKvF16 writes them. */
import { expect, test } from "vitest";
import { f16ToNumber, roundToF16 } from "../reference/f16.ts";
import { both, expectSame } from "./harness.ts";

const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);

/** What a page holds after values were stored, as bits: 64 positions of one head, a row of values each. */
function toF16(values: Float32Array): Uint16Array {
  const headDim = Math.ceil(values.length / 64);
  const rows = new Float32Array(64 * headDim);
  rows.set(values);
  const bits = both((lab) => {
    const [page, v] = [lab.room(2 * 64 * headDim * 2), lab.put(rows)];
    for (let slot = 0; slot < 64; slot++) lab.kernels.appendKvF16(page, v, v + slot * headDim * 4, 1, headDim, 0, 1, slot);
    return lab.i32(page + 64 * headDim * 2, (64 * headDim) / 2);
  });
  return new Uint16Array(bits.buffer, 0, values.length);
}

test("every finite f16 → f32, exactly, subnormals and −0 too", () => {
  const values = both((lab) => {
    const [packed, y] = [lab.room(ALL.length * 16), lab.room(ALL.length * 4)];
    lab.kernels.packF16(packed, lab.put(new Uint8Array(ALL.buffer)), ALL.length, 1);
    lab.kernels.unpackRowF16(y, packed, ALL.length, 0);
    return lab.f32(y, ALL.length);
  });
  expectSame(values, Float32Array.from(ALL, f16ToNumber));
});

test("every finite f16 comes back", () => {
  const bits = toF16(Float32Array.from(ALL, f16ToNumber));
  expect(ALL.findIndex((v, i) => bits[i] !== v)).toBe(-1);
});

test("f32 → f16: to nearest, ties to even, at and around every midpoint", () => {
  const midpoints = Float32Array.from(ALL.slice(0, -1), (bits) => (f16ToNumber(bits) + f16ToNumber(bits + 1)) / 2).filter(Number.isFinite);
  for (const nudge of [0, 1, -1]) {
    const words = new Int32Array(midpoints.buffer.slice(0)).map((word) => word + nudge);
    const values = new Float32Array(words.buffer);
    const actual = Float64Array.from(toF16(values), f16ToNumber);
    const wrong = values.findIndex((v, i) => !Object.is(actual[i], roundToF16(v)));
    expect(wrong < 0 ? "" : `${values[wrong]} → ${actual[wrong]}`).toBe("");
  }
});

test("what f16 cannot hold becomes infinite, from 65520 on, or 0", () => {
  const values = Float32Array.of(65519.99, 65520, 1e30, -1e30, Number.POSITIVE_INFINITY, 2 ** -25, -(2 ** -25), 2 ** -25 * 1.001, 1e-40);
  expect([...toF16(values)]).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x7c00, 0, 0x8000, 1, 0]);
});
