/** One reply, token by token: sample, detokenise, look for an end, feed back. */
import type { Engine, Sequence } from "../engine/types.ts";
import { createSampler, type Sampled } from "../sampling/sampler.ts";
import { createDetokenizer } from "../tokenizer/detokenizer.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { FinishReason, TokenLogprob } from "../types.ts";
import type { Generation } from "./options.ts";
import { barring, type ReplyConstraint } from "./reply-constraint.ts";
import { createStopStrings } from "./stop-strings.ts";

/** Text that may be shown, with the tokens it came from. */
export interface TextPiece {
  readonly text: string;
  readonly logprobs?: TokenLogprob[];
}

export interface ChoiceOptions {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly generation: Generation;
  readonly index: number;
  readonly prompt: readonly number[];
  /** Control tokens whose text belongs in the reply's; all others print nothing. */
  readonly visible: ReadonlySet<number>;
  /** What the reply is held to. */
  readonly constraint?: ReplyConstraint | undefined;
  readonly signal: AbortSignal;
  /** Called with every token that is sampled, a stop token included. */
  readonly onToken: (id: number) => void;
  /** Called where a stop string ended the reply. */
  readonly onStopString?: (text: string) => void;
}

/**
 * Yields the reply's text and returns why it ended. Nothing of a stop string or a stop token is yielded.
 *
 * @param logits Of the prompt's last token; used for those that follow too.
 */
export async function* generateChoice(
  options: ChoiceOptions,
  sequence: Sequence,
  logits: Float32Array,
): AsyncGenerator<TextPiece, FinishReason, void> {
  const { engine, tokenizer, generation, index, prompt, visible, constraint, signal, onToken, onStopString } = options;
  const { sampling, minTokens, stop, stopTokenIds, ignoreEos } = generation;
  const stops = new Set([...stopTokenIds, ...(ignoreEos ? [] : tokenizer.stopTokens)]);
  // The last token of a reply is not fed back, so that one more fits than the context has places left.
  const maxTokens = Math.min(generation.maxTokens, engine.contextLength - prompt.length + 1);
  const sampler = createSampler({
    sampling,
    functions: engine.numerics,
    choice: index,
    prompt,
    ...(generation.logprobs !== undefined && { logprobs: generation.logprobs }),
  });
  const printed = (id: number): Uint8Array => (tokenizer.isControl(id) && !visible.has(id) ? NOTHING : tokenizer.bytes(id));
  const detokenizer = createDetokenizer(printed);
  const stopStrings = createStopStrings(stop);
  const pending = new PendingTokens(tokenizer);
  const noStops = barring(stops);

  for (let count = 0; count < maxTokens; count++) {
    if (signal.aborted) return "abort";
    const early = count < minTokens;
    const filter = constraint ? constraint.next(early ? NONE : stops, early ? stops : NONE) : early ? noStops : undefined;
    const sampled = filter === "end" ? undefined : sampler.sample(logits, prompt.length + count, filter);
    if (sampled) onToken(sampled.id);
    if (!sampled || stops.has(sampled.id)) {
      yield pending.flush(stopStrings.push(detokenizer.end()).text + stopStrings.end());
      return "stop";
    }
    constraint?.accept(sampled.id);
    const text = detokenizer.push(sampled.id);
    const shown = stopStrings.push(text);
    pending.add(sampled, text.length, text === "" && printed(sampled.id).length > 0);
    yield shown.stopped === undefined ? pending.take(shown.text) : pending.cut(shown.text);
    if (shown.stopped !== undefined) {
      onStopString?.(shown.stopped);
      return "stop";
    }
    if (count + 1 === maxTokens) break;
    sampler.accept(sampled.id);
    try {
      logits = await engine.advance(sequence, [sampled.id], { signal, into: logits });
    } catch (error) {
      if (!signal.aborted) throw error;
      yield pending.flush(stopStrings.end());
      return "abort";
    }
  }
  const rest = stopStrings.push(detokenizer.end());
  if (rest.stopped === undefined) {
    yield pending.flush(rest.text + stopStrings.end());
    return "length";
  }
  yield pending.flush(rest.text);
  onStopString?.(rest.stopped);
  return "stop";
}

const NOTHING = new Uint8Array(0);
const NONE: ReadonlySet<number> = new Set();

/** Tokens whose text is not wholly shown yet, and how far it reaches. */
class PendingTokens {
  readonly #tokenizer: Tokenizer;
  readonly #waiting: { sampled: Sampled; start: number; end: number }[] = [];
  #shown = 0; // characters
  #produced = 0;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** @param partial Its bytes are a part of the next character. */
  add(sampled: Sampled, characters: number, partial: boolean): void {
    this.#waiting.push({ sampled, start: this.#produced, end: this.#produced + (partial ? 1 : characters) });
    this.#produced += characters;
  }

  /** Text that is shown now, with the tokens that end within it. */
  take(text: string): TextPiece {
    this.#shown += text.length;
    return this.#piece(text, (token) => token.end <= this.#shown);
  }

  /** The last text before a stop string, with the tokens that begin before it. */
  cut(text: string): TextPiece {
    this.#shown += text.length;
    return this.#piece(text, (token) => token.start < this.#shown);
  }

  /** The last text, with all tokens. */
  flush(text: string): TextPiece {
    return this.#piece(text, () => true);
  }

  #piece(text: string, belongs: (token: { start: number; end: number }) => boolean): TextPiece {
    let count = 0;
    while (count < this.#waiting.length && belongs(this.#waiting[count]!)) count++;
    const tokens = this.#waiting.splice(0, count).map(({ sampled }) => sampled);
    const logprobs = tokens.flatMap((token) => (token.logprob === undefined ? [] : [this.#describe(token, token.logprob)]));
    return { text, ...(logprobs.length > 0 && { logprobs }) };
  }

  #describe({ id, top = [] }: Sampled, logprob: number): TokenLogprob {
    const token = (one: number) => ({ id: one, text: this.#tokenizer.text(one), bytes: [...this.#tokenizer.bytes(one)] });
    return { ...token(id), logprob, top: top.map((other) => ({ ...token(other.id), logprob: other.logprob })) };
  }
}
