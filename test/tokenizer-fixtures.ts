/** The tiny models' tokenizer tables, and a made-up vocabulary for what they lack. */
import { readFileSync } from "node:fs";
import { readGguf } from "../src/gguf/read.ts";
import type { MetadataValue } from "../src/gguf/types.ts";
import { byteAlphabet } from "../src/tokenizer/byte-level.ts";
import { memorySource } from "../src/weights/memory-source.ts";

export type Metadata = Map<string, MetadataValue>;

export const fixture = (name: string): URL => new URL(`fixtures/${name}`, import.meta.url);

/** The metadata of a fixture file, as a map of the caller's own. */
export async function fixtureMetadata(name: "tiny-dense-Q4_0.gguf" | "tiny-moe-Q4_0.gguf"): Promise<Metadata> {
  const file = await readGguf(memorySource(readFileSync(fixture(name)), { name }));
  return new Map(file.metadata);
}

/** A vocabulary of control tokens, user-defined tokens, the 256 bytes and what `merges` make, in this order. */
export function madeUpMetadata(options: { control?: string[]; userDefined?: string[]; merges?: string[] } = {}): Metadata {
  const { control = [], userDefined = [], merges = [] } = options;
  const merged = merges.map((merge) => merge.replace(" ", ""));
  const normal = [...byteAlphabet, ...merged];
  const types = [...control.map(() => 3), ...userDefined.map(() => 4), ...normal.map(() => 1)];
  return new Map<string, MetadataValue>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "lfm2"],
    ["tokenizer.ggml.tokens", [...control, ...userDefined, ...normal]],
    ["tokenizer.ggml.token_type", Int32Array.from(types)],
    ["tokenizer.ggml.merges", merges],
  ]);
}
