/** Text to token ids and back, from the tables that a GGUF file carries. */
import * as tokenizers from "@huggingface/tokenizers";
import type { MetadataValue } from "../gguf/types.ts";
import { fromByteLevel, toByteLevel } from "./byte-level.ts";
import { createDetokenizer, type Detokenizer, textDecoder } from "./detokenizer.ts";
import { preTokenize } from "./pre-tokenize.ts";
import { SpecialTokens } from "./special-tokens.ts";
import { readVocabulary, tokenType, type Vocabulary } from "./vocabulary.ts";

export interface EncodeOptions {
  /** Match control and user-defined tokens. Default false: text is text, "<|im_end|>" becomes plain characters. */
  special?: boolean;
  /** Start with BOS, unless the text's own first token is it. Default false. */
  bos?: boolean;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  /** Whether the file wants BOS before a prompt. */
  readonly addBos: boolean;
  /** Ids that end a reply: EOS, the end-of-text and end-of-message tokens, and, as a safety net, BOS, PAD and the start of a message. */
  readonly stopTokens: ReadonlySet<number>;
  /** The texts of all control and user-defined tokens. */
  readonly specialTexts: readonly string[];
  /** The id of a control or user-defined token. */
  id(text: string): number | undefined;
  /** A control token: printed only on request. */
  isControl(id: number): boolean;
  /** A control or user-defined token. */
  isSpecial(id: number): boolean;
  encode(text: string, options?: EncodeOptions): number[];
  /** Text cut at its control and user-defined tokens: a number is such a token, a string the text between, not yet encoded. */
  splitSpecial(text: string): (number | string)[];
  /** A token's bytes: of a character's UTF-8 perhaps only a part. @throws {RangeError} No such token. */
  bytes(id: number): Uint8Array;
  /** A token's bytes as text, U+FFFD where they are no whole character. @throws {RangeError} No such token. */
  text(id: number): string;
  /** Ids to text. Control tokens print nothing unless `special`; user-defined ones (<think>) always print. @throws {RangeError} No such token. */
  decode(ids: Iterable<number>, options?: { special?: boolean }): string;
  /** As `decode`, token by token. */
  createDetokenizer(options?: { special?: boolean }): Detokenizer;
}

/** What is used of the library's BPE class: its declarations import without file endings, which TypeScript's NodeNext does not resolve. */
interface Bpe {
  tokens_to_ids: ReadonlyMap<string, number>;
  encode(preTokens: string[]): string[];
  /** Queues a piece that can be merged with the next. */
  add_node(queue: { push(node: Piece): void }, node: Piece): void;
}
interface Piece {
  readonly token: string;
  readonly next: Piece;
  readonly bias: number; // breaks ties
  score: number;
}
const { BPE } = tokenizers as unknown as { BPE: new (config: object) => Bpe };

/** The library's merging over tables that are there already: to make its own from them takes longer than to read the file. */
class Merging extends BPE {
  readonly #ranks: ReadonlyMap<string, number>;

  constructor({ normalIds, ranks }: Vocabulary) {
    // A pre-token that is a token is not merged, as llama.cpp does for "lfm2".
    super({ type: "BPE", vocab: {}, merges: [], ignore_merges: true });
    this.tokens_to_ids = normalIds;
    this.#ranks = ranks;
  }

  override add_node(queue: { push(node: Piece): void }, node: Piece): void {
    const rank = this.#ranks.get(`${node.token} ${node.next.token}`);
    if (rank === undefined) return;
    node.score = rank + node.bias;
    queue.push(node);
  }
}

const NOTHING = new Uint8Array(0);

/**
 * The tokenizer of a GGUF file: byte-level BPE with the vocabulary, merges and special tokens of `tokenizer.ggml.*`. Messages name `file`.
 *
 * @throws {WeightsError} The tables are missing or contradict each other.
 * @throws {UnsupportedError} Another kind of tokenizer than LFM2's.
 */
export function createTokenizer(metadata: ReadonlyMap<string, MetadataValue>, file?: string): Tokenizer {
  return new BpeTokenizer(readVocabulary(metadata, file));
}

class BpeTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  readonly addBos: boolean;
  readonly stopTokens: ReadonlySet<number>;
  readonly specialTexts: readonly string[];

  readonly #vocabulary: Vocabulary;
  readonly #bpe: Bpe;
  readonly #special: SpecialTokens;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.vocabularySize = vocabulary.tokens.length;
    this.bos = vocabulary.bos;
    this.eos = vocabulary.eos;
    this.pad = vocabulary.pad;
    this.addBos = vocabulary.addBos;
    this.specialTexts = [...vocabulary.specialIds.keys()];
    this.#special = new SpecialTokens(vocabulary.specialIds);
    const stops = [this.eos, this.id("<|endoftext|>"), this.id("<|im_end|>"), this.bos, this.pad, this.id("<|im_start|>")];
    this.stopTokens = new Set(stops.filter((id) => id !== undefined));
    // The library's own tokenizer would parse special tokens in any text, with no way out: only its merging is used.
    this.#bpe = new Merging(vocabulary);
  }

  id(text: string): number | undefined {
    return this.#vocabulary.specialIds.get(text);
  }

  isControl(id: number): boolean {
    return this.#vocabulary.types[id] === tokenType.control;
  }

  isSpecial(id: number): boolean {
    return this.isControl(id) || this.#vocabulary.types[id] === tokenType.userDefined;
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    const ids: number[] = [];
    if (options.special) {
      for (const piece of this.splitSpecial(text)) {
        if (typeof piece === "number") ids.push(piece);
        else this.#encodePlain(piece, ids);
      }
    } else {
      this.#encodePlain(text, ids);
    }
    if (options.bos && this.bos !== undefined && ids[0] !== this.bos) ids.unshift(this.bos);
    return ids;
  }

  splitSpecial(text: string): (number | string)[] {
    return this.#special.split(text);
  }

  #encodePlain(text: string, ids: number[]): void {
    const { normalIds } = this.#vocabulary;
    for (const token of this.#bpe.encode(preTokenize(text).map(toByteLevel))) {
      const id = normalIds.get(token);
      if (id !== undefined) ids.push(id);
    }
  }

  bytes(id: number): Uint8Array {
    const token = this.#vocabulary.tokens[id];
    if (token === undefined) throw new RangeError(`Cannot decode token ${id}: the vocabulary has ${this.vocabularySize} tokens`);
    const bytes = this.isSpecial(id) ? undefined : fromByteLevel(token);
    return bytes ?? new TextEncoder().encode(token); // an unused token's placeholder need not be byte-level
  }

  text(id: number): string {
    return textDecoder().decode(this.bytes(id));
  }

  decode(ids: Iterable<number>, options?: { special?: boolean }): string {
    const detokenizer = this.createDetokenizer(options);
    let text = "";
    for (const id of ids) text += detokenizer.push(id);
    return text + detokenizer.end();
  }

  createDetokenizer(options: { special?: boolean } = {}): Detokenizer {
    return createDetokenizer((id) => (!options.special && this.isControl(id) ? NOTHING : this.bytes(id)));
  }
}
