/** The tokenizer tables of a GGUF file, checked. Everything in them is from outside. */
import { UnsupportedError, WeightsError } from "../errors.ts";
import type { MetadataValue } from "../gguf/types.ts";
import { byteAlphabet } from "./byte-level.ts";

/** ggml's token types. Only the four that occur in byte-level vocabularies matter here; 2 is "unknown", 6 "byte". */
export const tokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

const MAX_VOCABULARY = 1 << 20; // eight times the largest of the family
const MAX_MERGES = 1 << 21;
const MAX_TOKEN_LENGTH = 4096; // UTF-16 units
const MAX_SPECIAL_LENGTH = 256;

export interface Vocabulary {
  readonly tokens: readonly string[]; // [vocabulary], byte-level text; special tokens as they are
  readonly types: ArrayLike<number>; // [vocabulary], ggml's token types
  readonly ranks: ReadonlyMap<string, number>; // of merges, "left right": the lower comes first
  readonly normalIds: ReadonlyMap<string, number>; // what merging may produce
  readonly specialIds: ReadonlyMap<string, number>; // control and user-defined tokens by their text
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  readonly addBos: boolean;
}

type Metadata = ReadonlyMap<string, MetadataValue>;

/** The metadata, and the file's name for messages. */
interface Tables {
  readonly metadata: Metadata;
  readonly file: string;
}

/**
 * Reads and checks `tokenizer.ggml.*`. Messages name `file`, which is to be one printable line.
 *
 * @throws {WeightsError} A table is missing, of the wrong type or contradicts another.
 * @throws {UnsupportedError} Another tokenizer than LFM2's byte-level BPE.
 */
export function readVocabulary(metadata: Metadata, file = "this file"): Vocabulary {
  const tables: Tables = { metadata, file };
  expectName(tables, "tokenizer.ggml.model", "gpt2");
  expectName(tables, "tokenizer.ggml.pre", "lfm2");

  const tokens = strings(tables, "tokenizer.ggml.tokens", MAX_VOCABULARY);
  const types = metadata.get("tokenizer.ggml.token_type");
  if (types === undefined) throw unusable(tables, "tokenizer.ggml.token_type is missing");
  if (!isIntegers(types)) throw unusable(tables, `tokenizer.ggml.token_type is ${describe(types)}, not an array of integers`);
  if (types.length !== tokens.length) throw unusable(tables, `it has ${tokens.length} tokens and ${types.length} token types`);

  const normalIds = new Map<string, number>();
  const specialIds = new Map<string, number>();
  for (let id = 0; id < tokens.length; id++) {
    const [token, type] = [tokens[id]!, types[id]];
    if (type === undefined || type < 1 || type > 6) throw unusable(tables, `token ${id} has type ${type}, known are 1 to 6`);
    if (type === tokenType.unused || type === 2) continue;
    const special = type === tokenType.control || type === tokenType.userDefined;
    const limit = special ? MAX_SPECIAL_LENGTH : MAX_TOKEN_LENGTH;
    if (token.length === 0 || token.length > limit)
      throw unusable(tables, `the text of token ${id} has ${token.length} characters, allowed are 1 to ${limit}`);
    const ids = special ? specialIds : normalIds;
    const { size } = ids;
    ids.set(token, id);
    if (ids.size === size) throw unusable(tables, `token ${id} has the same text as an earlier one, ${quote(token)}`);
  }
  for (const [byte, char] of byteAlphabet.entries()) {
    if (!normalIds.has(char)) throw unusable(tables, `no token stands for the byte 0x${byte.toString(16).padStart(2, "0")}`);
  }

  const known = { tokens, types, normalIds, specialIds };
  return {
    ...known,
    ranks: readMerges(known, tables),
    bos: tokenId(tables, "tokenizer.ggml.bos_token_id", tokens.length),
    eos: tokenId(tables, "tokenizer.ggml.eos_token_id", tokens.length),
    pad: tokenId(tables, "tokenizer.ggml.padding_token_id", tokens.length),
    addBos: boolean(tables, "tokenizer.ggml.add_bos_token") ?? true, // llama.cpp's default for "lfm2"
  };
}

/** Every piece is a byte or what a merge made, and only what a merge makes is checked: a rank of other pieces is never asked for. */
function readMerges(
  { tokens, types, normalIds, specialIds }: Pick<Vocabulary, "tokens" | "types" | "normalIds" | "specialIds">,
  tables: Tables,
): Map<string, number> {
  const ranks = new Map<string, number>();
  const lines = strings(tables, "tokenizer.ggml.merges", MAX_MERGES);
  let guess = tokens.length; // most files list merges in the order of the tokens that they make
  // From the last to the first: of two ranks the lower counts, as in llama.cpp.
  for (let rank = lines.length - 1; rank >= 0; rank--) {
    const line = lines[rank]!;
    const space = line.indexOf(" ");
    if (space < 1 || space === line.length - 1 || line.includes(" ", space + 1))
      throw unusable(tables, `merge ${rank} is ${quote(line)}, not two pieces`);
    if (types[--guess] !== tokenType.normal || !isJoined(tokens[guess]!, line, space)) {
      const whole = line.slice(0, space) + line.slice(space + 1);
      const id = normalIds.get(whole);
      if (id === undefined) {
        if (!specialIds.has(whole)) throw unusable(tables, `merge ${rank} makes ${quote(whole)}, which is no token`);
        continue; // only the splitter makes special tokens
      }
      guess = id;
    }
    ranks.set(line, rank);
  }
  return ranks;
}

/** Whether `token` is `line` without its space. */
function isJoined(token: string, line: string, space: number): boolean {
  if (token.length !== line.length - 1) return false;
  for (let i = 0; i < token.length; i++) if (token.charCodeAt(i) !== line.charCodeAt(i < space ? i : i + 1)) return false;
  return true;
}

function expectName(tables: Tables, key: string, expected: string): void {
  const found = tables.metadata.get(key);
  if (found === undefined) throw unusable(tables, `${key} is missing`);
  if (typeof found !== "string") throw unusable(tables, `${key} is ${describe(found)}, not a string`);
  if (found !== expected)
    throw new UnsupportedError(`Cannot use the tokenizer of ${tables.file}: ${key} is ${quote(found)}, supported is "${expected}"`, key);
}

function strings(tables: Tables, key: string, limit: number): string[] {
  const value = tables.metadata.get(key);
  if (value === undefined) throw unusable(tables, `${key} is missing`);
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === "string")) {
    throw unusable(tables, `${key} is ${describe(value)}, not an array of strings`);
  }
  if (value.length > limit) throw unusable(tables, `${key} has ${value.length} entries, allowed are ${limit}`);
  return value;
}

function tokenId(tables: Tables, key: string, vocabularySize: number): number | undefined {
  const value = tables.metadata.get(key);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw unusable(tables, `${key} is ${describe(value)}, not an integer`);
  if (value < 0 || value >= vocabularySize) throw unusable(tables, `${key} is ${value}, the vocabulary has ${vocabularySize} tokens`);
  return value;
}

function boolean(tables: Tables, key: string): boolean | undefined {
  const value = tables.metadata.get(key);
  if (value === undefined || typeof value === "boolean") return value;
  throw unusable(tables, `${key} is ${describe(value)}, not a boolean`);
}

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
const isIntegers = (value: MetadataValue): value is Integers =>
  ArrayBuffer.isView(value) && !(value instanceof Float32Array) && !(value instanceof Float64Array);

const describe = (value: MetadataValue): string =>
  ArrayBuffer.isView(value)
    ? "an array of numbers"
    : Array.isArray(value)
      ? value.length > 0
        ? `an array of ${typeof value[0]}s`
        : "an empty array"
      : `a ${typeof value}`;
const quote = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text).replace(/[\x7f-\x9f\u2028\u2029]/g, (c) => `\\u${hex4(c)}`);
const hex4 = (c: string): string => c.charCodeAt(0).toString(16).padStart(4, "0");
const unusable = ({ file }: Tables, reason: string): WeightsError => new WeightsError(`Cannot use the tokenizer of ${file}: ${reason}`);
