/** What Node, Deno and Bun have in common: kernels and models are files. */
import { readFile } from "node:fs/promises";
import type { Build } from "../wasm/builds.ts";

export { openFile } from "./node-file-source.ts";
export { parent, threads } from "./node-threads.ts";

export async function loadKernels(build: Build): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(`../../build/${build}.wasm`, import.meta.url)));
}
