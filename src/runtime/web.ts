/** Browsers: kernels beside the code, found by bundlers through these literal URLs; models by URL or Blob. */
import { UnsupportedError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import type { Build } from "../wasm/builds.ts";
import type { Parent, Threads, VectorPairing } from "./threads.ts";

export function loadKernels(build: Build, _salt?: string): Promise<WebAssembly.Module> {
  const url = build === "plain" ? new URL("../../build/plain.wasm", import.meta.url) : new URL("../../build/relaxed.wasm", import.meta.url);
  return WebAssembly.compileStreaming(fetch(url));
}

export function openFile(path: string): Promise<WeightSource> {
  return Promise.reject(new UnsupportedError(`cannot open ${path}: there are no files here; pass a URL, a Blob or bytes`, "input"));
}

/** The model runs on the caller's thread. */
export const threads: Threads | undefined = undefined;

export function parent(): Parent | undefined {
  return undefined;
}

export const vectorPairing: VectorPairing | undefined = undefined;
