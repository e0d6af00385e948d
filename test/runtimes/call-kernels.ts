/**
 * Calls kernels of the build that V8 pairs, on zeros. Arguments: their names. Each is called in a module of its own, so that V8, which
 * compiles functions when they are first called, compiles `init` before each.
 */
import { loadKernels } from "../../src/runtime/node.ts";
import { BANK_START, instantiateKernels } from "../../src/wasm/kernels.ts";

const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536, shared: true });
const [y, x, w, scratch] = [0, 4, 8, 16].map((page) => BANK_START + page * 65536) as [number, number, number, number];

for (const kernel of process.argv.slice(2)) {
  const kernels = instantiateKernels(await loadKernels("relaxed", kernel), memory);
  // Tiles of four rows, of two and of one, then four streams of one; four, two and one query heads at a time.
  if (kernel.startsWith("matmul")) for (const nRows of [7, 1]) kernels[kernel as "matmulF32"](y, 256, x, 2048, w, 256, 0, 32, nRows);
  else kernels[kernel as "attendPage"](y, x, w, scratch, 14, 2, 64, 0, 2, 64);
}
