import { describe, expect, test } from "vitest";
import { tensorBytes } from "../../src/gguf/tensor-types.ts";
import type { TensorType } from "../../src/gguf/types.ts";
import { FORMATS, packedBytes, padRows } from "../../src/wasm/formats.ts";
import { dequantize } from "../reference/formats.ts";
import { randomBlocks, shapesOf, TYPES } from "./blocks.ts";
import { both, expectRefusal, expectSame, type Lab } from "./harness.ts";

/** Packs rows, so many at a time, into room of exactly the size that is planned for them. */
function packed(lab: Lab, type: TensorType, w: Uint8Array, cols: number, rows: number, atOnce = rows): number {
  const [dst, src] = [lab.room(packedBytes(type, cols, rows)), lab.put(w)];
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    lab.kernels[FORMATS[type].pack](dst + packedBytes(type, cols, row), src + tensorBytes(type, cols, row), cols, count);
  }
  return dst;
}

/** Pack, then unpack: [rows, padded to octets][cols]. */
function roundTrip(type: TensorType, w: Uint8Array, cols: number, rows: number): Float32Array {
  return both((lab) => {
    const dst = packed(lab, type, w, cols, rows);
    const y = lab.room(padRows(rows) * cols * 4);
    for (let row = 0; row < padRows(rows); row++) lab.kernels[FORMATS[type].unpackRow](y + row * cols * 4, dst, cols, row);
    return lab.f32(y, padRows(rows) * cols);
  });
}

/** +0 and −0 are the same weight. */
const unsigned = (x: ArrayLike<number>): Float32Array<ArrayBuffer> => Float32Array.from(x, (v) => v || 0);

describe.each(TYPES)("%s", (type) => {
  test.each(shapesOf(type))("%i columns, %i rows: unpacked as the file says, to the bit; missing rows are 0", (cols, rows) => {
    const w = randomBlocks(type, cols * rows, "formats", "any");
    const expected = new Float32Array(padRows(rows) * cols);
    // Products of scale and quant are exact in f32; a minimum is taken off with one rounding.
    expected.set(dequantize(type, w).weights);
    expectSame(unsigned(roundTrip(type, w, cols, rows)), unsigned(expected));
  });

  test("packed eight rows at a time: the same bytes", () => {
    const [cols, rows] = [2 * FORMATS[type].blockColumns, 29];
    const w = randomBlocks(type, cols * rows, "pieces");
    const bytes = (atOnce: number): Int32Array =>
      both((lab) => lab.i32(packed(lab, type, w, cols, rows, atOnce), packedBytes(type, cols, rows) / 4));
    expectSame(bytes(8), bytes(rows));
  });

  test("refuses a part of a block", () => {
    const { pack, blockColumns } = FORMATS[type];
    expectRefusal(`${pack}: cols must be a multiple of ${blockColumns}`, (kernels) => kernels[pack](65536, 65536, blockColumns * 1.5, 1));
  });
});

/**
 * What ggml's own dequantize_row makes of the block whose byte i is (37·i + 11) mod 256, with d = 0.5, a minimum's scale of 0.25, e = 127:
 * some weights, Σ w and Σ (j + 1)·w.
 */
const GOLDEN: Partial<
  Record<TensorType, { scales: [at: number, ...bytes: number[]][]; w: Record<number, number>; sums: [number, number] }>
> = {
  Q4_0: { scales: [[0, 0x00, 0x38]], w: { 0: -1.5, 1: 1, 16: -1.5, 31: 0 }, sums: [-10.5, -259] },
  Q4_1: { scales: [[0, 0x00, 0x38, 0x00, 0x34]], w: { 0: 7.75, 1: 2.25, 16: 4.75, 31: 6.25 }, sums: [130.5, 2123.5] },
  Q5_0: { scales: [[0, 0x00, 0x38]], w: { 0: 4.5, 1: -1, 16: 7, 31: 0.5 }, sums: [7.5, 56] },
  Q5_1: { scales: [[0, 0x00, 0x38, 0x00, 0x34]], w: { 0: 9.75, 1: 12.25, 16: 9.75, 31: 2.75 }, sums: [260.5, 4082.5] },
  Q8_0: { scales: [[0, 0x00, 0x38]], w: { 0: 42.5, 1: 61, 16: -45.5, 31: -24 }, sums: [-88, -4040] },
  Q4_K: {
    scales: [[0, 0x00, 0x38, 0x00, 0x34]],
    w: { 0: 157.75, 1: -12.75, 33: 10, 100: 47.5, 128: 211.5, 255: 24.25 },
    sums: [27220, 3786420],
  },
  Q5_K: {
    scales: [[0, 0x00, 0x38, 0x00, 0x34]],
    w: { 0: 405.75, 1: -12.75, 33: -2, 100: 117.5, 128: 523.5, 255: 54.25 },
    sums: [58108, 8013724],
  },
  Q6_K: {
    scales: [[208, 0x00, 0x38]],
    w: { 0: -715.5, 1: 848, 33: -336, 100: 1261.5, 128: -175.5, 255: -30 },
    sums: [2306, 392210],
  },
  MXFP4: { scales: [[0, 127]], w: { 0: 0, 1: 3, 16: 1.5, 31: 3 }, sums: [12.5, 319] },
};

describe.each(Object.entries(GOLDEN))("ggml's %s block", (name, { scales, w, sums }) => {
  const type = name as TensorType;
  const { blockColumns } = FORMATS[type];
  const block = Uint8Array.from({ length: tensorBytes(type, blockColumns, 1) }, (_, i) => (37 * i + 11) % 256);
  for (const [at, ...bytes] of scales) block.set(bytes, at);

  test.each([
    ["reference", Array.from(dequantize(type, block).weights)],
    ["kernel", Array.from(roundTrip(type, block, blockColumns, 1).slice(0, blockColumns))],
  ])("%s", (_, weights) => {
    for (const [j, value] of Object.entries(w)) expect(weights[Number(j)], `w[${j}]`).toBe(value);
    expect(weights.reduce((sum, v) => sum + v, 0)).toBe(sums[0]);
    expect(weights.reduce((sum, v, j) => sum + (j + 1) * v, 0)).toBe(sums[1]);
  });
});

test("Q4_0 by hand: low nibbles are the first half, high nibbles the second", () => {
  const block = Uint8Array.of(0x00, 0x3c, ...Array.from({ length: 16 }, (_, j) => j | ((15 - j) << 4)));
  const weights = roundTrip("Q4_0", block, 32, 1).slice(0, 32);
  expect([...weights]).toEqual([
    -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8,
  ]);
});

test("MXFP4's two subnormal scales become 0", () => {
  for (const e of [0, 1])
    expect(roundTrip("MXFP4", Uint8Array.of(e, ...new Uint8Array(16).fill(0x77)), 32, 1).every((v) => v === 0)).toBe(true);
  expect(roundTrip("MXFP4", Uint8Array.of(2, ...new Uint8Array(16).fill(0x77)), 32, 1)[0]).toBe(12 * 2 ** -126);
});
