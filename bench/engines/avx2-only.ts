/**
 * A copy of node-llama-cpp that takes the machine for one with AVX2 and no more: its binaries without the kernels for later instructions.
 * ggml itself picks among the kernels that lie beside it, and can be told of no others.
 */
import { cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const installed = fileURLToPath(new URL("../node_modules/", import.meta.url));
const BINARIES = "@node-llama-cpp/linux-x64";
const KERNELS = /^libggml-cpu-(?!haswell)/; // haswell: AVX2, FMA, F16C, BMI2

/** The address to import; the copy is made once. What node-llama-cpp needs it finds in the folder above, as ever. */
export function avx2Only(): string {
  const copy = `${installed}.avx2`;
  if (!existsSync(copy)) {
    const making = `${copy}-${process.pid}`;
    try {
      for (const name of ["node-llama-cpp", BINARIES]) {
        cpSync(`${installed}${name}`, `${making}/node_modules/${name}`, {
          recursive: true,
          filter: (path) => !KERNELS.test(basename(path)),
        });
      }
      renameSync(making, copy);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  return pathToFileURL(`${copy}/node_modules/node-llama-cpp/dist/index.js`).href;
}
