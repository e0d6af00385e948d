/** Which of the two builds runs here: relaxed SIMD where it exists and answers a known question rightly, else plain SIMD128. */
import { loadKernels } from "#runtime";
import { UnsupportedError } from "../errors.ts";
import { BANK_START, instantiateKernels } from "./kernels.ts";

export type Build = "plain" | "relaxed";

export interface KernelModule {
  readonly build: Build;
  readonly module: WebAssembly.Module;
  readonly paired: boolean; // pair-vectors.ts
}

const chosen = new Map<"auto" | Build, Promise<KernelModule>>();

/** Compiled and probed once a process, unless that failed. @throws UnsupportedError where the build that was asked for does not run here. */
export async function chooseKernels(wanted: "auto" | Build = "auto"): Promise<KernelModule> {
  if (!["auto", "relaxed", "plain"].includes(wanted))
    throw new RangeError(`kernels must be "auto", "relaxed" or "plain", not ${JSON.stringify(wanted)}`);
  const known = chosen.get(wanted) ?? compileAndProbe(wanted);
  chosen.set(wanted, known);
  known.catch(() => chosen.delete(wanted)); // a file or an address may be there the next time
  return known;
}

async function compileAndProbe(wanted: "auto" | Build): Promise<KernelModule> {
  if (wanted !== "plain") {
    const module = await loadKernels("relaxed").catch(() => undefined);
    if (module && answersRightly(module)) return { build: "relaxed", module, paired: false };
    if (wanted === "relaxed")
      throw new UnsupportedError('this runtime has no usable relaxed SIMD; use kernels: "auto" or "plain"', "kernels");
  }
  const module = await loadKernels("plain").catch((cause: unknown) => {
    throw new UnsupportedError(
      `this runtime cannot run WebAssembly SIMD with shared memory: ${cause instanceof Error ? cause.message : String(cause)}`,
      "kernels",
    );
  });
  return { build: "plain", module, paired: false };
}

/** A caller's own module: the exports do not tell the builds apart, the size of an activation block does. */
export function identifyKernels(module: WebAssembly.Module): KernelModule {
  return { build: activationBlock(module) === 40 ? "relaxed" : "plain", module, paired: false };
}

const probeMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });

/** Bytes that quantizeRow32 writes for one block of 32 activations: 40 in the relaxed build, 72 in the plain one. */
function activationBlock(module: WebAssembly.Module): number {
  const memory = probeMemory();
  const kernels = instantiateKernels(module, memory);
  const view = new Int32Array(memory.buffer);
  view.fill(0x55555555, BANK_START / 4);
  new Float32Array(memory.buffer, BANK_START + 4096, 32).fill(1);
  kernels.quantizeRow32(BANK_START, BANK_START + 4096, 32);
  let end = 1024;
  while (view[BANK_START / 4 + end - 1] === 0x55555555) end--;
  return end * 4;
}

/**
 * One octet of Q4_0 with every nibble value against activations of both signs and full range: Σ (q − 8) · x is known. Where the
 * engine's int8 dot treats the operands otherwise than this project relies on, the sum differs.
 */
function answersRightly(module: WebAssembly.Module): boolean {
  const memory = probeMemory();
  const kernels = instantiateKernels(module, memory);
  const bytes = new Uint8Array(memory.buffer);
  const [y, x, q, w, src] = [0, 1, 2, 3, 4].map((i) => BANK_START + i * 4096) as [number, number, number, number, number];
  const input = new Float32Array(memory.buffer, x, 32);
  for (let k = 0; k < 32; k++) input[k] = k % 3 === 0 ? 127 : k % 3 === 1 ? -127 : 5 * k - 80;
  for (let row = 0; row < 8; row++) {
    bytes.set([0x00, 0x3c], src + row * 18); // d = 1
    for (let j = 0; j < 16; j++) bytes[src + row * 18 + 2 + j] = ((j + row) & 15) | (((row * 3 + 15 - j) & 15) << 4);
  }
  kernels.packQ4_0(w, src, 32, 8);
  kernels.quantizeRow32(q, x, 32);
  kernels.matmulQ4_0(y, 32, q, 0, w, 32, 0, 8, 1);
  const output = new Float32Array(memory.buffer, y, 8);
  return output.every((value, row) => {
    let expected = 0;
    for (let j = 0; j < 16; j++) expected += (((j + row) & 15) - 8) * input[j]! + (((row * 3 + 15 - j) & 15) - 8) * input[16 + j]!;
    return value === expected;
  });
}
