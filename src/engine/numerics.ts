/** What decides tokens over a whole vocabulary, in wasm: JavaScript's exp and log differ between runtimes in the last bit. */
import type { Bank } from "../wasm/bank.ts";
import { padRows } from "../wasm/formats.ts";
import type { Numerics } from "./types.ts";

/** f32s that createNumerics needs room for: a vocabulary's values, and what is made of them. */
export const numericsRoom = (vocabularySize: number): number => 5 * padRows(vocabularySize) + 64;

/** input: where there is numericsRoom. */
export function createNumerics({ kernels, f32, i32, memory }: Bank, input: number): Numerics {
  let n = 0;
  const behind = (at: number, bytes: number): number => Math.ceil((at + bytes) / 16) * 16;
  /** Gives where there is room behind. */
  const place = (x: Float32Array): number => {
    n = x.length;
    f32.set(x, input / 4);
    return behind(input, padRows(n) * 4);
  };
  return {
    softmax(x) {
      place(x);
      kernels.softmax(input, input, n);
      x.set(f32.subarray(input / 4, input / 4 + n));
    },
    maxima(x) {
      const output = place(x);
      kernels.blockMaxima(output, input, n);
      return f32.subarray(output / 4, output / 4 + Math.ceil(n / 64));
    },
    exponentials(max, temperature) {
      const blocks = Math.ceil(n / 64);
      const values = behind(input, padRows(n) * 4);
      const sums = behind(values, padRows(n) * 4);
      const count = behind(sums, blocks * 8);
      const ids = count + 16;
      const probabilities = behind(ids, n * 4);
      kernels.blockExponentials(values, sums, input, n, max, temperature);
      return {
        values: f32.subarray(values / 4, values / 4 + n),
        sums: new Float64Array(memory.buffer, sums, blocks),
        moment() {
          kernels.firstMoment(count, ids, values, input, n, max, temperature); // scratch where from() puts ids
          return new DataView(memory.buffer).getFloat64(count, true);
        },
        from(floor) {
          kernels.selectFrom(count, ids, probabilities, values, n, floor);
          const found = i32[count / 4]!;
          return { ids: i32.subarray(ids / 4, ids / 4 + found), probabilities: f32.subarray(probabilities / 4, probabilities / 4 + found) };
        },
      };
    },
    logSumExp(x) {
      const scratch = place(x);
      kernels.logSumExp(scratch, scratch, input, n);
      return new DataView(memory.buffer).getFloat64(scratch, true);
    },
  };
}
