/** From what a caller may name a model by, to the bytes. */
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import { firstPartName } from "../gguf/split.ts";
import type { ModelInput, WeightSource } from "../types.ts";
import { httpSource } from "./http-source.ts";
import { memorySource } from "./memory-source.ts";

/** A source, and the file in it that was named: of a split model the first part, whichever was named. */
export interface OpenedSource {
  readonly source: WeightSource;
  readonly shard: string;
}

/**
 * Opens a path, a URL (http, https, file), a Blob, bytes, or a source of the caller's own. `openFile` is the runtime's way to files, and
 * gets paths and file:// URLs. Throws WeightsError where there is nothing to read, TypeError for another kind of value.
 */
export async function openSource(input: ModelInput, openFile: (path: string) => Promise<WeightSource>): Promise<OpenedSource> {
  const source = await open(input, openFile);
  return { source, shard: firstPartName(source.name) };
}

async function open(input: ModelInput, openFile: (path: string) => Promise<WeightSource>): Promise<WeightSource> {
  if (input instanceof URL) return openUrl(input, openFile);
  if (typeof input === "string") {
    if (input === "") throw new WeightsError("Cannot open a model: its path is empty");
    // One letter before the colon is a Windows drive.
    return /^[a-z][a-z0-9+.-]+:\/\//i.test(input) ? openUrl(parseUrl(input), openFile) : openFile(input);
  }
  if (input instanceof Blob || input instanceof Uint8Array || input instanceof ArrayBuffer) return memorySource(input);
  if (isSource(input)) return input;
  throw new TypeError("Cannot open a model: expected a path, a URL, a Blob, an ArrayBuffer, a Uint8Array or a WeightSource");
}

function openUrl(url: URL, openFile: (path: string) => Promise<WeightSource>): WeightSource | Promise<WeightSource> {
  if (url.protocol === "file:") return openFile(url.href);
  if (url.protocol === "http:" || url.protocol === "https:") return httpSource(url);
  throw new WeightsError(`Cannot open ${printable(url.href)}: ${url.protocol} addresses are not read; use https:, http: or file:`);
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new WeightsError(`Cannot open ${printable(text)}: it is not a valid URL`);
}

function isSource(input: unknown): input is WeightSource {
  return typeof input === "object" && input !== null && "name" in input && "size" in input && "read" in input;
}
