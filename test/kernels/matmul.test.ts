import { describe, expect, test } from "vitest";
import type { TensorType } from "../../src/gguf/types.ts";
import { activationBytes, FORMATS, packedBytes, padRows } from "../../src/wasm/formats.ts";
import { dequantize } from "../reference/formats.ts";
import { matmul } from "../reference/matmul.ts";
import { QUANTIZERS, readActivations, valuesOf } from "./activations.ts";
import { randomBlocks, shapesOf, TYPES, uniformBlocks } from "./blocks.ts";
import { both, expectClose, expectRefusal, expectSame, normal, U, type Lab } from "./harness.ts";

/** Bytes between the rows of y, and of x, that must be left alone. */
const GAP = 32;

interface Product {
  y: Float32Array; // [rows][outputs]
  x: Float64Array; // [rows][cols], what the activations stand for
}

/** x in the form that the type's kernel takes, rows GAP bytes apart. */
function activations(lab: Lab, type: TensorType, x: Float32Array, cols: number): { at: number; stride: number; values: Float64Array } {
  const form = FORMATS[type].activations;
  const stride = activationBytes(form, cols, lab.build === "relaxed" ? "relaxed" : "plain") + GAP;
  const [at, source] = [lab.room((x.length / cols) * stride), lab.put(x)];
  const values = new Float64Array(x.length);
  for (let row = 0; row * cols < x.length; row++) {
    const to = at + row * stride;
    const input = x.subarray(row * cols, (row + 1) * cols);
    if (form === "f32") lab.write(to, input);
    else lab.kernels[QUANTIZERS[form]](to, source + row * cols * 4, cols);
    values.set(form === "f32" ? input : valuesOf(readActivations(lab, form, to, cols)), row * cols);
  }
  return { at, stride, values };
}

/** W·x, the outputs in ranges, as threads share them, and the rows in batches. */
function multiply(
  type: TensorType,
  w: Uint8Array,
  input: Float32Array,
  cols: number,
  outputs: number,
  { ranges = [[0, padRows(outputs)]], batches = [input.length / cols] }: { ranges?: [from: number, to: number][]; batches?: number[] } = {},
): Product {
  const rows = input.length / cols;
  let x: Float64Array = new Float64Array();
  const y = both((lab) => {
    const yStride = padRows(outputs) * 4 + GAP;
    const octets = lab.room(packedBytes(type, cols, outputs));
    lab.kernels[FORMATS[type].pack](octets, lab.put(w), cols, outputs);
    const { at, stride, values } = activations(lab, type, input, cols);
    const to = lab.room(rows * yStride);
    for (const [from, end] of ranges) {
      let row = 0;
      for (const count of batches) {
        lab.kernels[FORMATS[type].matmul](to + row * yStride, yStride, at + row * stride, stride, octets, cols, from, end, count);
        row += count;
      }
    }
    x = values;
    const all = lab.f32(to, (rows * yStride) / 4);
    const line = (row: number, from: number, end: number): Float32Array =>
      all.subarray((row * yStride) / 4 + from, (row * yStride) / 4 + end);
    const result = new Float32Array(rows * outputs);
    for (let row = 0; row < rows; row++) {
      expect(line(row, padRows(outputs), yStride / 4).every(Number.isNaN), "written between the rows of y").toBe(true);
      expect(
        line(row, outputs, padRows(outputs)).every((v) => v === 0),
        "outputs of missing weights",
      ).toBe(true);
      result.set(line(row, 0, outputs), row * outputs);
    }
    return result;
  });
  return { y, x };
}

/** Additions to an output's sum: one a block, and one more for its minimum; four columns of floats are added in two steps before. */
function additions(type: TensorType, cols: number): number {
  if (FORMATS[type].activations === "f32") return cols / 4 + 2;
  const blocks = cols / (FORMATS[type].activations === "q256" ? 256 : 32);
  return type.endsWith("_1") || type === "Q4_K" || type === "Q5_K" ? 2 * blocks : blocks;
}

describe.each(TYPES)("%s", (type) => {
  const { matmul: name, blockColumns } = FORMATS[type];

  describe.each(shapesOf(type))("%i columns, %i outputs", (cols, outputs) => {
    const rows = 9;
    const w = randomBlocks(type, cols * outputs, "matmul");
    const input = normal(`x ${cols}`, rows * cols);

    test("on dequantised weights", () => {
      const { y, x } = multiply(type, w, input, cols, outputs);
      const { weights, magnitudes } = dequantize(type, w);
      // Sums of whole numbers are exact; the two scales' product, the sum made a float and their product are rounded, then every addition.
      const error = (additions(type, cols) + 4) * U;
      const sizes = matmul(magnitudes, x.map(Math.abs), cols);
      expectClose(y, matmul(weights, x, cols), (_, i) => error * sizes[i]!);
    });

    test("1 … 9 rows at once, each row as if alone", () => {
      const { y } = multiply(type, w, input, cols, outputs, { batches: Array.from({ length: rows }, () => 1) });
      for (const batches of [[9], [8, 1], [7, 2], [6, 3], [5, 4]]) {
        expectSame(multiply(type, w, input, cols, outputs, { batches }).y, y, batches.join(" + "));
      }
    });
  });

  test("outputs in ranges, as threads share them: the same bits", () => {
    const [cols, outputs] = [3 * blockColumns, 37];
    const w = randomBlocks(type, cols * outputs, "ranges");
    const input = normal("ranges", 5 * cols);
    const whole = multiply(type, w, input, cols, outputs).y;
    const ranges: [number, number][][] = [
      [
        [24, 40],
        [0, 24],
      ],
      [
        [0, 8],
        [8, 8],
        [8, 16],
        [16, 32],
        [32, 40],
      ],
    ];
    for (const shares of ranges) expectSame(multiply(type, w, input, cols, outputs, { ranges: shares }).y, whole);
  });

  test("a row alone, whose octets come in four streams and some left over: the same bits", () => {
    const cols = 3 * blockColumns;
    for (const outputs of [24, 32, 40, 56, 64, 93]) {
      const w = randomBlocks(type, cols * outputs, "streams");
      const input = normal("streams", 2 * cols);
      const together = multiply(type, w, input, cols, outputs).y;
      const end = padRows(outputs);
      for (const ranges of [
        [[0, end]],
        [
          [0, 16],
          [16, end],
        ],
      ] as [number, number][][])
        expectSame(multiply(type, w, input, cols, outputs, { batches: [1, 1], ranges }).y, together, `${outputs} in ${ranges.length}`);
    }
  });

  test("an expert's octets, with others before and behind", () => {
    const [cols, outputs] = [2 * blockColumns, 16];
    const experts = [0, 1, 2].map((e) => randomBlocks(type, cols * outputs, `expert ${e}`));
    const input = normal("expert", 3 * cols);
    const tensor = Uint8Array.from(experts.flatMap((w) => [...w]));
    const together = multiply(type, tensor, input, cols, 3 * outputs).y;
    for (const [e, w] of experts.entries()) {
      const alone = multiply(type, w, input, cols, outputs).y;
      for (let row = 0; row < 3; row++) {
        const first = (3 * row + e) * outputs;
        expectSame(together.slice(first, first + outputs), alone.slice(row * outputs, (row + 1) * outputs));
      }
    }
  });

  test("extremes of weights and activations: exact, nothing overflows", () => {
    if (FORMATS[type].activations === "f32") return;
    const [cols, outputs] = [2 * blockColumns, 32]; // an octet of each of one row's four streams
    const signs: ((k: number) => number)[] = [
      () => 1,
      () => -1,
      (k) => (k % 2 ? 1 : -1),
      (k) => (k % 2 ? -1 : 1),
      (k) => (k % 32 < 16 ? 1 : -1),
    ];
    const input = Float32Array.from({ length: signs.length * cols }, (_, i) => 127 * signs[Math.floor(i / cols)]!(i % cols));
    for (const quants of [0x00, 0x0f, 0x7f, 0x80, 0x88, 0xf0, 0xff]) {
      for (const scales of [0x7f, 0x80, 0xff]) {
        const w = uniformBlocks(type, cols * outputs, quants, scales);
        const { y, x } = multiply(type, w, input, cols, outputs);
        expect(x).toEqual(Float64Array.from(input));
        expectSame(multiply(type, w, input, cols, outputs, { batches: signs.map(() => 1) }).y, y, "row by row");
        const expected = matmul(dequantize(type, w).weights, x, cols);
        const wrong = expected.findIndex((v, i) => y[i] !== v);
        if (wrong >= 0) expect.fail(`bytes of ${quants}, scales of ${scales}: ${y[wrong]}, not ${expected[wrong]}`);
      }
    }
  });

  test("refuses a part of a block, and of an octet", () => {
    const call =
      (cols: number, from: number, to: number): Parameters<typeof expectRefusal>[1] =>
      (kernels) =>
        kernels[name](65536, 32, 65536, 1024, 65536, cols, from, to, 1);
    expectRefusal(`${name}: cols must be a multiple of ${blockColumns}`, call(1.5 * blockColumns, 0, 8));
    expectRefusal(`${name}: from and to must be multiples of 8`, call(blockColumns, 0, 12));
    expectRefusal(`${name}: from and to must be multiples of 8`, call(blockColumns, 4, 8));
  });
});
