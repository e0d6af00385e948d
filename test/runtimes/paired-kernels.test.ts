/**
 * Whether V8 really pairs the hot kernels: if not, the bits are the same, at half the speed. It starts from stores that lie side by side and
 * goes up to what they need; its trace says of each such pair whether all of that could be paired too.
 */
import { beforeAll, expect, test } from "vitest";
import { vectorPairing } from "../../src/runtime/node-pairing.ts";
import { node24, run } from "./processes.ts";

const FLAGS = ["--experimental-wasm-revectorize", "--no-liftoff", "--wasm-lazy-compilation", "--trace-wasm-revectorize"];

// A pair of vectors for each row of the tiles, and for each stream; and what the scores and weighted sums of four, two and one heads take.
const [TILES, STREAMS, HEADS] = [4 + 2 + 1, 4, 20];
const KERNELS = {
  matmulQ4_0: TILES + STREAMS,
  matmulQ4_K: TILES + STREAMS,
  matmulQ5_K: TILES,
  matmulQ6_K: TILES + STREAMS,
  matmulQ8_0: TILES + STREAMS,
  matmulQ8_1: TILES + STREAMS,
  matmulF32: TILES + STREAMS,
  matmulF16: TILES + STREAMS,
  matmulBF16: TILES + STREAMS,
  attendPage: HEADS,
  attendPageF16: HEADS,
  attendPageQ8: HEADS,
};
const UNPAIRED = "matmulMXFP4"; // V8 does not pair the swizzle that looks its weights up

/** Of each kernel, the traces of the functions that V8 compiled for it. */
const traces = new Map<string, string[]>();

beforeAll(async () => {
  if (!vectorPairing) return;
  const kernels = [...Object.keys(KERNELS), UNPAIRED];
  const output = await run({ command: node24, args: [...FLAGS, "test/runtimes/call-kernels.ts", ...kernels] });
  const functions = output.split(/^Begin revec function (?=\S+$)/m).slice(1);
  const name = (text: string): string => text.slice(0, text.indexOf("\n"));
  const starts = [...functions.keys()].filter((i) => name(functions[i]!) === name(functions[0]!)); // init
  expect(starts.length).toBe(kernels.length);
  for (const [k, start] of starts.entries()) traces.set(kernels[k]!, functions.slice(start + 1, starts[k + 1]));
});

/** How many pairs of stores lie side by side, and how many of them are paired with all that they need. */
function pairs(kernel: string): { stores: number; paired: number } {
  const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const sum = { stores: 0, paired: 0 };
  for (const text of traces.get(kernel)!) {
    sum.stores += count(text, /^\{$/gm);
    // V8 weighs a function's pairs together.
    if (text.includes("Decide to vectorize")) sum.paired += count(text, /After build tree/g);
  }
  return sum;
}

test.runIf(vectorPairing).each(Object.entries(KERNELS))("%s: all its vectors are paired", (kernel, expected) => {
  expect(pairs(kernel)).toEqual({ stores: expected, paired: expected });
});

test.runIf(vectorPairing)("the trace tells a kernel that is not paired", () => {
  expect(pairs(UNPAIRED)).toEqual({ stores: TILES + STREAMS, paired: 0 });
});
