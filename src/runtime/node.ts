/** What Node, Deno and Bun have in common: kernels and models are files. */
import { readFile } from "node:fs/promises";
import type { Build } from "../wasm/builds.ts";

export { openFile } from "./node-file-source.ts";
export { vectorPairing } from "./node-pairing.ts";
export { parent, threads } from "./node-threads.ts";

/** salt: other bytes of the same meaning. V8 shares compiled code between modules of the same bytes. */
export async function loadKernels(build: Build, salt = ""): Promise<WebAssembly.Module> {
  const bytes = await readFile(new URL(`../../build/${build}.wasm`, import.meta.url));
  if (salt === "") return WebAssembly.compile(bytes);
  const name = Buffer.from(salt);
  return WebAssembly.compile(Buffer.concat([bytes, Buffer.from([0, name.length + 1, name.length]), name])); // a custom section
}
