/** The files that are measured: random weights in public models' shapes, written when they are first needed. */
import { existsSync, mkdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { openFile } from "../src/runtime/node-file-source.ts";
import { readGguf } from "../src/gguf/read.ts";
import type { FileType } from "./synthetic/layout.ts";

export interface BenchModel {
  readonly name: string;
  /** The arguments of synthesize.ts; absent: a file of the user's own. */
  readonly shape?: readonly [model: string, type: FileType, ...rest: string[]];
  readonly path: string;
  readonly engines: readonly string[];
  /** Only what a slow peer can do in reasonable time. */
  readonly small?: boolean;
}

const folder = fileURLToPath(new URL("models/", import.meta.url));
const usual = ["paired", "unpaired", "llama.cpp"];
const everywhere = ["paired", "unpaired", "plain", "node22", "deno", "bun", "llama.cpp"];

export const models: readonly BenchModel[] = [
  synthetic("8b-a1b", "Q4_0", usual),
  synthetic("2.5-8b-a1b", "Q4_K_M", usual),
  synthetic("350m", "Q4_0", everywhere),
  synthetic("350m", "Q4_K_M", everywhere),
  synthetic("1.2b", "Q4_0", usual),
  synthetic("1.2b", "Q4_K_M", usual),
  { ...synthetic("8b-a1b", "Q4_0", [...usual, "wllama"], "--layers", "6", "--experts", "8"), small: true },
];
export const defaultModels = ["8b-a1b-Q4_0", "350m-Q4_K_M", "8b-a1b-6x8-Q4_0"];

function synthetic(model: string, type: FileType, engines: readonly string[], ...rest: string[]): BenchModel {
  const cut = rest.filter((text) => /^\d/.test(text)).join("x"); // layers × experts
  const name = [model, ...(cut ? [cut] : []), type].join("-");
  return { name, shape: [model, type, ...rest], path: `${folder}${name}.gguf`, engines };
}

/** By name, or a file of the user's own. */
export function findModel(text: string): BenchModel {
  const known = models.find(({ name }) => name.toLowerCase() === text.toLowerCase());
  if (known) return known;
  const path = resolve(text);
  if (!existsSync(path))
    throw new RangeError(`there is no model ${text}, nor a file; there are ${models.map(({ name }) => name).join(", ")}`);
  return { name: basename(path, ".gguf"), path, engines: usual };
}

/** The command that writes the file, where it is not there yet. */
export function writer({ shape, path }: BenchModel): readonly [string, ...string[]] | undefined {
  if (!shape || existsSync(path)) return undefined;
  mkdirSync(folder, { recursive: true });
  return [process.execPath, fileURLToPath(new URL("synthesize.ts", import.meta.url)), ...shape, "-o", path];
}

export interface FileFacts {
  readonly bytes: number;
  readonly bytesPerToken: number; // of weights, as the file has them, that one decoded token reads
}

export async function factsOf(path: string): Promise<FileFacts> {
  const source = await openFile(path);
  try {
    const { metadata, tensors, bytes } = await readGguf(source, { shard: source.name });
    const [used, count] = ["expert_used_count", "expert_count"].map((key) => Number(metadata.get(`lfm2moe.${key}`) ?? 1)) as [
      number,
      number,
    ];
    let bytesPerToken = 0;
    for (const { name, bytes: size } of tensors.values()) {
      if (name === "token_embd.weight" && tensors.has("output.weight")) continue; // one row of it, where it is no LM head
      bytesPerToken += /_exps\./.test(name) ? (size * used) / count : size;
    }
    return { bytes, bytesPerToken };
  } finally {
    await source.close();
  }
}
