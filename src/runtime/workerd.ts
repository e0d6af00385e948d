/** Cloudflare's workerd compiles wasm at deployment only: the kernels are static imports. There are no files. */
import plain from "../../build/plain.wasm";
import relaxed from "../../build/relaxed.wasm";
import { UnsupportedError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import type { Build } from "../wasm/builds.ts";
import type { Parent, Threads, VectorPairing } from "./threads.ts";

export function loadKernels(build: Build, _salt?: string): Promise<WebAssembly.Module> {
  return Promise.resolve(build === "plain" ? plain : relaxed);
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
