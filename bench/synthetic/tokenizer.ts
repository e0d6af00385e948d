/** A made-up byte-level BPE tokenizer of any size: bytes, merges of lower-case letters, special tokens where the real ones are. */
import { byteAlphabet, toByteLevel } from "../../src/tokenizer/byte-level.ts";
import { Random } from "./random.ts";
import type { ModelShape } from "./shapes.ts";

export interface TokenizerTables {
  readonly tokens: readonly string[];
  readonly types: Int32Array<ArrayBuffer>; // ggml's token types
  readonly merges: readonly string[];
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;

const specials: Readonly<Record<ModelShape["tokenizer"], Readonly<Record<string, number>>>> = {
  lfm2: {
    "<|pad|>": 0,
    "<|startoftext|>": 1,
    "<|endoftext|>": 2,
    "<|fim_pre|>": 3,
    "<|fim_mid|>": 4,
    "<|fim_suf|>": 5,
    "<|im_start|>": 6,
    "<|im_end|>": 7,
    "<|tool_list_start|>": 8,
    "<|tool_list_end|>": 9,
    "<|tool_call_start|>": 10,
    "<|tool_call_end|>": 11,
    "<|tool_response_start|>": 12,
    "<|tool_response_end|>": 13,
    "<image>": 396,
    "<think>": 64_400,
    "</think>": 64_401,
  },
  "lfm2.5": {
    "<|pad|>": 124_893,
    "<|startoftext|>": 124_894,
    "<|endoftext|>": 124_895,
    "<|fim_pre|>": 124_896,
    "<|fim_mid|>": 124_897,
    "<|fim_suf|>": 124_898,
    "<|im_start|>": 124_899,
    "<|im_end|>": 124_900,
    "<think>": 124_901,
    "</think>": 124_902,
    "<|tool_list_start|>": 124_903,
    "<|tool_list_end|>": 124_904,
    "<|tool_call_start|>": 124_905,
    "<|tool_call_end|>": 124_906,
    "<image>": 124_907,
  },
};

/** How many merges the real 128 000-token file has: more than tokens, since a token can be reached in several ways. */
const REAL_MERGES = { lfm2: 0, "lfm2.5": 293_320 } as const;

/** `size` tokens in all, at least 300. A vocabulary too small for the real ids has its special tokens at the start. */
export function synthesizeTokenizer(size: number, kind: ModelShape["tokenizer"], seed: number): TokenizerTables {
  if (size < 300) throw new RangeError(`a vocabulary of ${size} has no room for bytes and special tokens; use at least 300`);
  const names = Object.keys(specials[kind]);
  const fits = Object.values(specials[kind]).every((id) => id < size);
  const idOf = (name: string): number => (fits ? (specials[kind][name] ?? 0) : names.indexOf(name));
  const special = new Map(names.map((name) => [idOf(name), name]));

  const { products, merges } = inventMerges(size - 256 - special.size, REAL_MERGES[kind], new Random(`${seed} tokenizer`));
  const normal = [...byteAlphabet, ...products].values();
  const tokens: string[] = [];
  const types = new Int32Array(size).fill(NORMAL);
  for (let id = 0; id < size; id++) {
    const name = special.get(id);
    if (name !== undefined) types[id] = name.startsWith("<|") ? CONTROL : USER_DEFINED;
    tokens.push(name ?? normal.next().value ?? "");
  }
  return { tokens, types, merges, bos: idOf("<|startoftext|>"), eos: idOf("<|im_end|>"), pad: idOf("<|pad|>") };
}

/** `count` tokens, each made by a merge of two earlier ones, and more ways to the same tokens up to `wanted` merges. */
function inventMerges(count: number, wanted: number, random: Random): { products: string[]; merges: string[] } {
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const space = toByteLevel(" ");
  const known = new Set([space, ...letters]);
  const products: string[] = [];
  const merges: string[] = [];
  const merge = (left: string, right: string): void => {
    const product = left + right;
    if (products.length === count || known.has(product) || product.length > 14) return;
    known.add(product);
    products.push(product);
    merges.push(`${left} ${right}`);
  };
  const bigrams = letters.flatMap((left) => letters.map((right) => left + right));
  const trigrams = letters.flatMap((left) => bigrams.map((right) => left + right));
  for (const letter of letters) merge(space, letter);
  for (const [left = "", right = ""] of bigrams) merge(left, right);
  for (const bigram of bigrams) merge(space, bigram);
  for (const trigram of trigrams) merge(trigram.slice(0, 2), trigram.slice(2));
  for (const trigram of trigrams) merge(space, trigram);
  // Two of four letters to one of more: short ones can be reached in three ways each, which the number of merges needs.
  for (let n = 0; products.length < count; n++) {
    if (n % 3 < 2) merge(random.pick(bigrams), random.pick(bigrams));
    else merge(random.pick(products), random.pick(trigrams));
  }
  const seen = new Set(merges);
  for (const product of products) {
    for (let cut = 1; cut < product.length && merges.length < wanted; cut++) {
      const [left, right] = [product.slice(0, cut), product.slice(cut)];
      if (!known.has(left) || !known.has(right) || seen.has(`${left} ${right}`)) continue;
      merges.push(`${left} ${right}`);
    }
  }
  return { products, merges };
}
