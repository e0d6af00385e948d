/** Kernels whose vectors V8 pairs, if they answer as unpaired ones do. */
import { loadKernels, vectorPairing } from "#runtime";
import type { Build, KernelModule } from "./builds.ts";
import { answers } from "./probe.ts";

const paired = new Map<Build, Promise<KernelModule>>();

/** The build, paired where this runtime can and every kernel's answers stay the same. Process-wide; once a process. */
export function pairVectors(unpaired: KernelModule): Promise<KernelModule> {
  const known = paired.get(unpaired.build) ?? compileAndProbe(unpaired);
  paired.set(unpaired.build, known);
  known.catch(() => paired.delete(unpaired.build));
  return known;
}

async function compileAndProbe(unpaired: KernelModule): Promise<KernelModule> {
  if (!vectorPairing) return unpaired;
  const expected = answers(unpaired.module);
  let right = false;
  vectorPairing.begin();
  try {
    const module = await loadKernels(unpaired.build, "paired");
    const found = answers(module);
    right = found.length === expected.length && found.every((byte, i) => byte === expected[i]);
    return right ? { ...unpaired, module, paired: true } : unpaired;
  } finally {
    vectorPairing.end(right);
  }
}
