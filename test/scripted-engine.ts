/** An engine whose model says what it is told to, token by token; and vocabularies in which a text falls into any tokens. */
import type { Engine, Numerics, Sequence } from "../src/engine/types.ts";
import { type Generation, resolveGeneration } from "../src/generate/options.ts";
import { byteAlphabet, toByteLevel } from "../src/tokenizer/byte-level.ts";
import { createTokenizer, type Tokenizer } from "../src/tokenizer/tokenizer.ts";
import type { GenerateOptions } from "../src/types.ts";
import type { ModelConfig } from "../src/weights/config.ts";
import { madeUpMetadata } from "./tokenizer-fixtures.ts";
import { numerics } from "./numerics.ts";

export interface Script {
  readonly vocabularySize: number;
  /** The likeliest id at each step. One step more is a failure: nobody wants its result. */
  readonly ids: readonly number[];
  /** The second likeliest, at every step. */
  readonly second?: number;
  readonly contextLength?: number;
  readonly maxSequences?: number;
  /** Called before a step is computed: 0 is the prompt, 1 the first token fed back. */
  readonly onStep?: (step: number, sequence: number) => void | Promise<void>;
}

interface State extends Sequence {
  length: number;
  step: number;
  readonly index: number; // of the forks
}

export class ScriptedEngine implements Engine {
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly maxSequences: number;
  readonly numerics: Numerics = numerics;
  readonly #script: Script;
  readonly #held = new Set<State>();
  #forked = 0;
  steps = 0;

  constructor(script: Script) {
    this.#script = script;
    this.config = { vocabularySize: script.vocabularySize } as ModelConfig;
    this.contextLength = script.contextLength ?? 1000;
    this.maxSequences = script.maxSequences ?? 4;
  }

  get held(): number {
    return this.#held.size;
  }

  async open({ signal }: { signal?: AbortSignal } = {}): Promise<Sequence> {
    signal?.throwIfAborted();
    if (this.#held.size === this.maxSequences) throw new Error("a sequence was not given back");
    this.#forked = 0;
    return this.#hold({ length: 0, step: 0, index: 0 });
  }

  async advance(sequence: Sequence, ids: ArrayLike<number>, { signal }: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    const state = sequence as State;
    if (!this.#held.has(state)) throw new Error("the sequence was given back");
    signal?.throwIfAborted();
    await this.#script.onStep?.(state.step, state.index);
    signal?.throwIfAborted();
    this.steps++;
    state.length += ids.length;
    return this.logits(state.step++);
  }

  fork(sequence: Sequence): Sequence {
    return this.#hold({ ...(sequence as State), index: ++this.#forked });
  }

  release(sequence: Sequence): void {
    this.#held.delete(sequence as State);
  }

  async close(): Promise<void> {}

  /** Made-up noise, the second and the likeliest above it. */
  logits(step: number): Float32Array {
    const { vocabularySize, ids, second } = this.#script;
    const id = ids[step];
    if (id === undefined) throw new Error("the script is over");
    const logits = new Float32Array(vocabularySize);
    for (let i = 0; i < logits.length; i++) logits[i] = ((i * 7 + step * 13) % 11) / 11;
    if (second !== undefined) logits[second] = 6;
    logits[id] = 8;
    return logits;
  }

  #hold(state: State): State {
    this.#held.add(state);
    return state;
  }
}

export interface Splitting {
  readonly tokenizer: Tokenizer;
  readonly eos: number;
  /** A text's ids for each way of cutting its bytes. */
  readonly splits: number[][];
}

/** A vocabulary with every stretch of a text's bytes, and every way of saying the text with it. */
export function everySplit(text: string): Splitting {
  const bytes = toByteLevel(text);
  const stretches = new Set<string>();
  const merges: string[] = [];
  for (let length = 2; length <= bytes.length; length++) {
    for (let at = 0; at + length <= bytes.length; at++) {
      const stretch = bytes.slice(at, at + length);
      if (!stretches.has(stretch)) merges.push(`${stretch.slice(0, -1)} ${stretch.slice(-1)}`);
      stretches.add(stretch);
    }
  }
  const control = ["<|im_end|>", "<|im_start|>"];
  const ids = new Map([...control, ...byteAlphabet, ...stretches].map((token, id) => [token, id]));
  const splits = Array.from({ length: 2 ** (bytes.length - 1) }, (_, cuts) => {
    const split: number[] = [];
    for (let at = 0, end = 1; end <= bytes.length; end++) {
      if (end < bytes.length && !(cuts & (1 << (end - 1)))) continue;
      split.push(ids.get(bytes.slice(at, end))!);
      at = end;
    }
    return split;
  });
  return { tokenizer: createTokenizer(madeUpMetadata({ control, merges })), eos: 0, splits };
}

/** Options as the loop takes them; greedy where they do not say otherwise. */
export function generation(options: GenerateOptions, vocabularySize: number, maxSequences = 4): Generation {
  return resolveGeneration({ temperature: 0, ...options }, {}, vocabularySize, maxSequences);
}
