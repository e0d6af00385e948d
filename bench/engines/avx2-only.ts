/**
 * A copy of node-llama-cpp that takes the machine for one with AVX2 and no more: its binaries without the kernels for later instructions.
 * ggml itself picks among the kernels that lie beside it, and can be told of no others.
 */
import { cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const installed = fileURLToPath(new URL("../node_modules/", import.meta.url));
const BINARIES = "@node-llama-cpp/linux-x64";
const KERNELS = /^libggml-cpu-(?!haswell)/; // haswell: AVX2, FMA, F16C, BMI2

/** The address to import; the copy is made once. What node-llama-cpp needs it finds in the folder above, as ever. */
export function avx2Only(): string {
  const copy = `${installed}.avx2/node_modules/`;
  const wanted = ["node-llama-cpp", BINARIES];
  if (!existsSync(copy)) {
    const making = `${installed}.avx2-${process.pid}`;
    try {
      for (const name of wanted) {
        cpSync(`${installed}${name}`, `${making}/node_modules/${name}`, {
          recursive: true,
          filter: (path) => !KERNELS.test(basename(path)),
        });
      }
      renameSync(making, `${installed}.avx2`);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  return new URL("node-llama-cpp/dist/index.js", `file://${copy}`).href;
}
