/** A grammar over a vocabulary, and where in it a reply is. */
import { Automaton, type State } from "./automaton.ts";
import { compile } from "./compile.ts";
import type { Expression } from "./expression.ts";
import type { TokenMask } from "./token-mask.ts";
import type { TokenMasks } from "./token-masks.ts";
import { withinBudget } from "./work.ts";

export interface TokenBytes {
  readonly masks: TokenMasks;
  /** A token's bytes; undefined for one that is no text, which no grammar takes. */
  bytes(id: number): Uint8Array | undefined;
}

/** Compiled once; its states, and their masks, are shared by all who match by it. */
export class Grammar {
  readonly automaton: Automaton;

  /** With all its automata within one budget. @throws {UnsupportedError | RangeError} */
  static of(make: () => Expression): Grammar {
    return withinBudget(() => new Grammar(make()));
  }

  /** @throws {UnsupportedError} Too large, too ambiguous, or left-recursive. @throws {RangeError} Nothing matches it. */
  constructor(expression: Expression) {
    this.automaton = new Automaton(compile(expression));
    const { readings, complete } = this.automaton.start;
    if (readings.length === 0 && !complete) throw new RangeError("nothing can match it");
  }

  /** Whether a text matches, whole. */
  matches(text: string): boolean {
    let state: State | undefined = this.automaton.start;
    for (const byte of new TextEncoder().encode(text)) if (state) state = this.automaton.step(state, byte);
    return state?.complete === true;
  }
}

/** States never change: who keeps one can go back to it, and `fork` costs an object. */
export class Matcher {
  readonly #grammar: Grammar;
  readonly #automaton: Automaton;
  readonly #vocabulary: TokenBytes;
  #state: State;

  constructor(grammar: Grammar, vocabulary: TokenBytes, state: State = grammar.automaton.start) {
    this.#grammar = grammar;
    this.#automaton = grammar.automaton;
    this.#vocabulary = vocabulary;
    this.#state = state;
  }

  /** The text so far is a whole one. */
  get complete(): boolean {
    return this.#state.complete;
  }

  /** Nothing may follow. */
  get closed(): boolean {
    return this.#state.readings.length === 0;
  }

  /** Tokens that may come next. @throws {UnsupportedError} The grammar is too ambiguous or complex. */
  mask(): TokenMask {
    return this.#vocabulary.masks.of(this.#automaton, this.#state);
  }

  allows(id: number): boolean {
    return this.#after(id) !== undefined;
  }

  /** @throws {RangeError} The token is not allowed here. */
  accept(id: number): void {
    const next = this.#after(id);
    if (!next) throw new RangeError(`token ${id} is not allowed here`);
    this.#state = next;
  }

  fork(): Matcher {
    return new Matcher(this.#grammar, this.#vocabulary, this.#state);
  }

  #after(id: number): State | undefined {
    const bytes = this.#vocabulary.bytes(id);
    if (!bytes || bytes.length === 0) return undefined;
    let state: State | undefined = this.#state;
    for (let i = 0; state && i < bytes.length; i++) state = this.#automaton.step(state, bytes[i]!);
    return state;
  }
}
