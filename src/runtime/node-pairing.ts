/**
 * V8's pairing of vectors: it makes 256-bit code of neighbouring 128-bit operations, with the same bits (bench/kernels.ts: about twice the
 * speed). From Node 24 on; Deno and Bun take the flag and do nothing. It holds for the whole process, and for code compiled from then on.
 */
import { readFileSync } from "node:fs";
import v8 from "node:v8";
import type { VectorPairing } from "./threads.ts";

export const vectorPairing: VectorPairing | undefined = isAvailable()
  ? {
      // Without the baseline compiler, code is paired from its first call on and can be judged at once.
      begin: () => setFlags("--experimental-wasm-revectorize", "--no-liftoff"),
      end: (keep) => setFlags("--liftoff", ...(keep ? [] : ["--no-experimental-wasm-revectorize"])),
    }
  : undefined;

function isAvailable(): boolean {
  if ("Deno" in globalThis || "Bun" in globalThis || process.release.name !== "node") return false;
  return Number.parseInt(process.versions.node, 10) >= 24 && process.arch === "x64" && hasAvx2();
}

/** Where the system does not tell, nearly every processor has it. */
function hasAvx2(): boolean {
  try {
    return readFileSync("/proc/cpuinfo", "utf8").includes(" avx2 ");
  } catch {
    return true;
  }
}

function setFlags(...flags: string[]): void {
  for (const flag of flags) v8.setFlagsFromString(flag);
}
