/** Reads back what quantizeRow wrote: layouts as assembly/quantizeRow.ts draws them. */
import { activationBytes, type ActivationForm } from "../../src/wasm/formats.ts";
import type { Lab } from "./harness.ts";

export const QUANTIZERS = { q32: "quantizeRow32", q32Wide: "quantizeRow32Wide", q256: "quantizeRow256" } as const;

export interface Activations {
  d: Float32Array; // of each block
  q: Float32Array; // whole numbers
  sums: [size: number, sums: number[]][]; // of so many q each
}

/** Every four wide columns are stored 0, 2, 1, 3. */
const permuted = (i: number): number => (i & ~3) | [0, 2, 1, 3][i & 3]!;

/** Quantises x in the lab and reads the blocks. */
export function decodeActivations(lab: Lab, form: keyof typeof QUANTIZERS, x: Float32Array): Activations {
  const bytes = activationBytes(form, x.length, form === "q32Wide" || lab.build === "relaxed" ? "relaxed" : "plain");
  const at = lab.room(bytes);
  lab.kernels[QUANTIZERS[form]](at, lab.put(x), x.length);
  return readActivations(lab, form, at, x.length);
}

/** One row of n activations that lies at an offset. */
export function readActivations(lab: Lab, form: Exclude<ActivationForm, "f32">, at: number, n: number): Activations {
  const block = form === "q256" ? 256 : 32;
  const wide = form === "q32Wide" || lab.build !== "relaxed";
  const quants = block * (wide ? 2 : 1);
  const size = quants + (block === 256 ? 64 : 8);
  const view = new DataView(lab.bytes(at, (n / block) * size).buffer);
  const q = Float32Array.from({ length: n }, (_, i) => {
    const first = Math.floor(i / block) * size;
    return wide ? view.getInt16(first + 2 * permuted(i % block), true) : view.getInt8(first + (i % block));
  });
  const perBlock = <T>(read: (tail: number) => T): T[] => Array.from({ length: n / block }, (_, b) => read(b * size + quants));
  if (block === 32) {
    return {
      d: Float32Array.from(perBlock((tail) => view.getFloat32(tail, true))),
      q,
      sums: [[32, perBlock((tail) => view.getInt32(tail + 4, true))]],
    };
  }
  const sums = (from: number, count: number): number[] =>
    perBlock((tail) => Array.from({ length: count }, (_, i) => view.getInt16(tail + from + 2 * i, true))).flat();
  return {
    d: Float32Array.from(perBlock((tail) => view.getFloat32(tail + 48, true))),
    q,
    sums: [
      [32, sums(0, 8)],
      [16, sums(16, 16)],
    ],
  };
}

/** What a row stands for: d · q. */
export function valuesOf({ d, q }: Activations): Float64Array {
  const block = q.length / d.length;
  return Float64Array.from(q, (v, i) => v * d[Math.floor(i / block)]!);
}
