/** Kernels whose vectors V8 pairs, if they answer as unpaired ones do. */
import { loadKernels, vectorPairing } from "#runtime";
import type { Build, KernelModule } from "./builds.ts";
import { answers, type KernelGroup } from "./probe.ts";

type Pairing = NonNullable<typeof vectorPairing>;

const modules = new Map<Build, Promise<WebAssembly.Module>>();
const proved: Readonly<Record<Build, Set<KernelGroup>>> = { plain: new Set(), relaxed: new Set() };
let refuted = false;

/**
 * The build, paired where this runtime can and all that is needed of it answers the same. Process-wide; each group of kernels is compiled and judged
 * once a process, when the first model comes that needs it: all of them take 0.2 s, those of one model half of it.
 */
export async function pairVectors(unpaired: KernelModule, needed: Iterable<KernelGroup>): Promise<KernelModule> {
  if (!vectorPairing || refuted) return unpaired;
  const { build } = unpaired;
  const loading = modules.get(build) ?? loadPaired(build, vectorPairing);
  modules.set(build, loading);
  loading.catch(() => modules.delete(build));
  const module = await loading;
  const groups = [...new Set(needed)].filter((group) => !proved[build].has(group));
  if (groups.length > 0 && !answerAlike(unpaired.module, module, groups, vectorPairing)) {
    refuted = true;
    return unpaired;
  }
  for (const group of groups) proved[build].add(group);
  return { ...unpaired, module, paired: true };
}

/** No function of it may have code of the baseline compiler when it is judged, were all compiled at once. */
async function loadPaired(build: Build, pairing: Pairing): Promise<WebAssembly.Module> {
  pairing.begin();
  try {
    return await loadKernels(build, "paired");
  } finally {
    pairing.end(true);
  }
}

function answerAlike(unpaired: WebAssembly.Module, paired: WebAssembly.Module, groups: readonly KernelGroup[], pairing: Pairing): boolean {
  const expected = answers(unpaired, groups);
  let alike = false;
  pairing.begin();
  try {
    const found = answers(paired, groups);
    alike = found.length === expected.length && found.every((byte, i) => byte === expected[i]);
  } finally {
    pairing.end(alike);
  }
  return alike;
}
