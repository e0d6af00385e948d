/** What a request's replies are held to, compiled before the first token; grammars are kept from request to request. */
import { UnsupportedError } from "../errors.ts";
import {
  callsExpression,
  formatExpression,
  Grammar,
  machine,
  Matcher,
  plainText,
  type TokenBytes,
  TokenMasks,
  TokenTrie,
} from "../grammar/index.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { ResponseFormat, Tool } from "../types.ts";

/** Grammars with their masks that a model remembers. */
const MAX_GRAMMARS = 16;

/** What a reply is held to. Without a format and calls that must be, it is free text. */
export interface Structure {
  readonly format?: Grammar;
  /** What may stand between the call tokens. */
  readonly calls?: Grammar;
  readonly callRequired: boolean;
  readonly callBarred: boolean; // no call may begin
  readonly parallel: boolean; // more than one call
  readonly reasoning: "none" | "auto" | "open"; // "open": the prompt ended in <think>
  readonly maxThinkingTokens: number; // Infinity
}

export interface CallRequest {
  readonly tools: readonly Tool[];
  readonly syntax: "pythonic" | "json";
  readonly choice: "auto" | "none" | "required" | { readonly name: string };
  readonly parallel: boolean;
}

/** One for a model. */
export class Constraints {
  readonly tokenizer: Tokenizer;
  readonly #grammars = new Map<string, Grammar>();
  #vocabulary: TokenBytes | undefined;

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** @throws {UnsupportedError} @throws {RangeError} Both name the option. */
  format(format: ResponseFormat | undefined): Grammar | undefined {
    if (format === undefined || format.type === "text") return undefined;
    const grammar = this.#grammar("responseFormat", format, () => formatExpression(format));
    this.matcher(grammar).mask(); // what is too complex is found out now
    return grammar;
  }

  /** Undefined where calls are not held to anything. @throws {UnsupportedError} @throws {RangeError} Both name the option. */
  calls({ tools, syntax, choice, parallel }: CallRequest): Grammar | undefined {
    if (choice === "none") return undefined;
    const forced = choice !== "auto";
    if (forced && tools.length === 0) throw new RangeError("toolChoice asks for a call, but there are no tools");
    const allowed = typeof choice === "object" ? tools.filter((tool) => tool.function.name === choice.name) : tools;
    if (typeof choice === "object" && allowed.length === 0)
      throw new RangeError(`toolChoice names ${JSON.stringify(choice.name)}, which is none of the tools`);
    if (forced && [CALL_START, CALL_END].some((text) => this.tokenizer.id(text) === undefined))
      throw new UnsupportedError("toolChoice is not supported: this model's vocabulary has no call tokens", "toolChoice");
    if (allowed.length === 0) return undefined;
    const make = () => callsExpression(allowed, { syntax, parallel, strict: forced });
    try {
      return this.#grammar(
        "tools",
        [allowed.map((tool) => [tool.function.name, tool.function.parameters, tool.function.strict]), syntax, parallel, forced],
        make,
      );
    } catch (error) {
      // Of functions that no call could be read back of, none is held to anything, unless it was asked for.
      if (forced || allowed.some((tool) => tool.function.strict === true)) throw error;
      return undefined;
    }
  }

  /** Any text that does not spell what a reply's reader cuts at. */
  plainText(): Grammar {
    return this.#grammar("reasoning", "", () => machine(plainText()));
  }

  matcher(grammar: Grammar): Matcher {
    return new Matcher(grammar, (this.#vocabulary ??= textTokens(this.tokenizer)));
  }

  #grammar(option: string, source: unknown, make: () => ReturnType<typeof formatExpression>): Grammar {
    const key = `${option} ${json(option, source)}`;
    let grammar = this.#grammars.get(key);
    this.#grammars.delete(key); // and in again, as the latest
    if (!grammar) grammar = named(option, () => Grammar.of(() => make()!));
    this.#grammars.set(key, grammar);
    if (this.#grammars.size > MAX_GRAMMARS) this.#grammars.delete(this.#grammars.keys().next().value!);
    return grammar;
  }
}

/** A property, where there is a value for it. */
export const given = <K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { [key in K]?: T };

export const CALL_START = "<|tool_call_start|>";
export const CALL_END = "<|tool_call_end|>";

/** Runs it; errors of limits, which do not know what they were asked for, get the option's name. */
export function named<T>(option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const said = error instanceof Error && error.message.startsWith(option) ? "" : `${option}: `;
    if (error instanceof UnsupportedError) throw new UnsupportedError(said + error.message, error.param ?? option);
    if (error instanceof RangeError) throw new RangeError(said + error.message);
    throw error;
  }
}

function json(option: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new RangeError(`${option} holds what is no JSON, or too deep`);
  }
}

/** Control and user-defined tokens are no text: they are allowed by their ids, or not at all. */
function textTokens(tokenizer: Tokenizer): TokenBytes {
  const bytes = (id: number): Uint8Array | undefined =>
    id >= tokenizer.vocabularySize || tokenizer.isSpecial(id) ? undefined : tokenizer.bytes(id);
  return { masks: new TokenMasks(new TokenTrie(tokenizer.vocabularySize, bytes)), bytes };
}
