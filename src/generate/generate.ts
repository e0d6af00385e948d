/** n replies to one prompt as one stream: the prompt is computed once, the replies go on side by side. */
import type { Engine, Sequence } from "../engine/types.ts";
import { ContextLengthError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { FinishReason, Usage } from "../types.ts";
import { Channel } from "./channel.ts";
import { generateChoice, type TextPiece } from "./choice.ts";
import type { Generation } from "./options.ts";
import type { ReplyConstraint } from "./reply-constraint.ts";

export interface GenerateInput {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly prompt: readonly number[];
  readonly generation: Generation;
  readonly visible?: ReadonlySet<number>;
  /** What the replies are held to; called once for each. */
  readonly constrain?: (() => ReplyConstraint) | undefined;
  /** Called with every token that is sampled, a stop token included. */
  readonly onToken?: (index: number, id: number) => void;
  /** Ends all replies with "abort", as the caller's own signal does. */
  readonly closing: AbortSignal;
  /** Gets the work, which goes on by itself: it waits for its reader only until an abort. */
  readonly track?: ((work: Promise<void>) => void) | undefined;
}

export type GeneratePart =
  | ({ type: "piece"; index: number } & TextPiece)
  | { type: "finish"; index: number; finishReason: FinishReason; stopString?: string }
  | { type: "usage"; usage: Usage };

/**
 * The parts of all replies as they come; "usage" is last. Leaving the loop stops the compute.
 *
 * @throws {RangeError} The prompt is empty. @throws {ContextLengthError} It does not fit.
 */
export async function* generate({
  engine,
  tokenizer,
  prompt,
  generation,
  visible = new Set(),
  constrain,
  onToken,
  closing,
  track,
}: GenerateInput): AsyncGenerator<GeneratePart, void, void> {
  if (prompt.length === 0) throw new RangeError("the prompt is empty: there is nothing to continue; pass some text or at least one token");
  if (prompt.length > engine.contextLength) {
    const message = `the prompt has ${prompt.length} tokens, the context is ${engine.contextLength}; shorten it or load the model with a larger contextLength`;
    throw new ContextLengthError(message, prompt.length, engine.contextLength);
  }
  const left = new AbortController(); // the reader is gone
  const signal = AbortSignal.any([left.signal, closing, ...(generation.signal ? [generation.signal] : [])]);
  const channel = new Channel<GeneratePart>();
  const usage: Usage = { promptTokens: prompt.length, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0, prefillMs: 0, decodeMs: 0 };
  if (signal.aborted) channel.unbound();
  else signal.addEventListener("abort", () => channel.unbound()); // sequences are given back although nobody reads on
  const work = runAll().finally(() => channel.close());
  work.catch(() => undefined); // it is thrown when the reader comes to it, which may be later
  track?.(work);
  try {
    yield* channel.read();
    await work;
  } finally {
    left.abort();
    channel.close();
    await work.catch(() => undefined); // sequences are given back before the caller goes on
  }

  async function runAll(): Promise<void> {
    const { n } = generation;
    const sequences: Sequence[] = [];
    let failure: { error: unknown } | undefined;
    const started = performance.now();
    try {
      const first = await engine.open({ forks: n - 1, signal });
      sequences.push(first);
      const logits = await engine.advance(first, prompt, { signal });
      usage.prefillMs = performance.now() - started;
      while (sequences.length < n) sequences.push(engine.fork(first));
      // One that fails ends the others: none may go on with a sequence that has been given back.
      const fail = (error: unknown): void => {
        failure ??= { error };
        left.abort();
      };
      await Promise.all(sequences.map((sequence, index) => runChoice(sequence, index, logits.slice()).catch(fail)));
      if (failure) throw failure.error;
    } catch (error) {
      if (failure || !signal.aborted) throw error;
      if (usage.prefillMs === 0) usage.prefillMs = performance.now() - started;
      for (let index = 0; index < n; index++) await channel.push({ type: "finish", index, finishReason: "abort" });
    } finally {
      for (const sequence of sequences) engine.release(sequence);
    }
    usage.decodeMs = performance.now() - started - usage.prefillMs;
    await channel.push({ type: "usage", usage });
  }

  async function runChoice(sequence: Sequence, index: number, logits: Float32Array): Promise<void> {
    const count = (id: number): void => {
      usage.completionTokens++;
      onToken?.(index, id);
    };
    let stop: { stopString?: string } = {};
    const onStopString = (stopString: string): void => {
      stop = { stopString };
    };
    const constraint = constrain?.();
    const choice = { engine, tokenizer, generation, index, prompt, visible, constraint, signal, onToken: count, onStopString };
    const pieces = generateChoice(choice, sequence, logits);
    for (;;) {
      const step = await pieces.next();
      if (step.done) {
        await channel.push({ type: "finish", index, finishReason: step.value, ...stop });
        return;
      }
      if (step.value.text !== "" || step.value.logprobs) await channel.push({ type: "piece", index, ...step.value });
    }
  }
}
