/** Names of split files: `prefix-00001-of-00003.gguf`, five digits, counted from 1 (llama.cpp, tools/gguf-split). */

/** llama.cpp's own splits have tens of parts. */
export const MAX_PARTS = 1024;

const pattern = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/s;

export interface SplitName {
  readonly prefix: string;
  readonly part: number; // from 1
  readonly parts: number;
}

/** What a split file's name says, or undefined where the name is not one of a part. */
export function parseSplitName(name: string): SplitName | undefined {
  const match = pattern.exec(name);
  if (!match) return undefined;
  return { prefix: match[1] ?? "", part: Number(match[2]), parts: Number(match[3]) };
}

/** The name of part `part` (from 1). */
export function splitName(prefix: string, part: number, parts: number): string {
  return `${prefix}-${String(part).padStart(5, "0")}-of-${String(parts).padStart(5, "0")}.gguf`;
}

/** The name of the first part, whichever part `name` is; a name that is no part's stays as it is. */
export function firstPartName(name: string): string {
  const split = parseSplitName(name);
  return split ? splitName(split.prefix, 1, split.parts) : name;
}
