/** Plain continuation of a text or of ids, and the judging of one. */
import type { Engine } from "../engine/types.ts";
import { largest } from "../sampling/select.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { CompleteOptions, Completion, CompletionPart, Evaluation, SamplingOptions } from "../types.ts";
import { type Constraints, given, type Structure } from "./constraints.ts";
import { generate } from "./generate.ts";
import { refuseUnsupported, resolveGeneration } from "./options.ts";
import { ReplyConstraint } from "./reply-constraint.ts";

export interface Completing {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly constraints: Constraints;
  readonly defaults: SamplingOptions;
  readonly closing: AbortSignal;
  readonly track?: (work: Promise<void>) => void;
}

/** The parts of a continuation as they come; see Model.completeStream. A text is encoded with its control tokens, and BOS where the file wants it. */
export async function* completeStream(
  { engine, tokenizer, constraints, defaults, closing, track }: Completing,
  prompt: string | number[],
  options: CompleteOptions,
): AsyncGenerator<CompletionPart, void, void> {
  refuseUnsupported(options);
  const generation = resolveGeneration(options, defaults, tokenizer.vocabularySize, engine.maxSequences);
  if (typeof prompt !== "string") checkIds(prompt, tokenizer.vocabularySize);
  const ids = typeof prompt === "string" ? tokenizer.encode(prompt, { special: true, bos: tokenizer.addBos }) : prompt;
  const structure: Structure = {
    ...given("format", constraints.format(options.responseFormat)),
    callRequired: false,
    callBarred: false,
    parallel: true,
    reasoning: endsInThought(ids, tokenizer) ? "open" : options.responseFormat ? "none" : "auto",
    maxThinkingTokens: generation.maxThinkingTokens,
  };
  const held = structure.format !== undefined || structure.maxThinkingTokens < Number.POSITIVE_INFINITY;
  const constrain = held ? () => new ReplyConstraint(constraints, structure) : undefined;
  const echoed = new Set<number>();
  for await (const part of generate({ engine, tokenizer, prompt: ids, generation, constrain, closing, track })) {
    if (part.type !== "usage" && options.echo && !echoed.has(part.index)) {
      echoed.add(part.index);
      yield { type: "text", index: part.index, text: typeof prompt === "string" ? prompt : tokenizer.decode(ids) };
    }
    if (part.type === "piece")
      yield { type: "text", index: part.index, text: part.text, ...(part.logprobs && { logprobs: part.logprobs }) };
    else yield part;
  }
}

/** The same, waited for. */
export async function complete(completing: Completing, prompt: string | number[], options: CompleteOptions): Promise<Completion> {
  const choices: Completion["choices"] = [];
  const logprobs: NonNullable<Completion["logprobs"]> = [];
  let usage: Completion["usage"] | undefined;
  for await (const part of completeStream(completing, prompt, options)) {
    if (part.type === "usage") usage = part.usage;
    else {
      const choice = (choices[part.index] ??= { index: part.index, text: "", finishReason: "stop" });
      if (part.type === "finish") choice.finishReason = part.finishReason;
      else {
        choice.text += part.text;
        if (part.index === 0) logprobs.push(...(part.logprobs ?? []));
      }
    }
  }
  const { text, finishReason } = choices[0]!;
  return { text, finishReason, usage: usage!, choices, ...(options.logprobs !== undefined && { logprobs }) };
}

/** What the model makes of ids: the likeliest next token at each position, and how surprised it was by each. See Model.evaluate. */
export async function evaluate(engine: Engine, ids: number[], signal?: AbortSignal): Promise<Evaluation> {
  checkIds(ids, engine.config.vocabularySize);
  if (ids.length === 0) throw new RangeError("there are no ids to evaluate; pass at least one");
  const argmax: number[] = [];
  const nll: number[] = [];
  const sequence = await engine.open({ ...(signal && { signal }) });
  try {
    const logits = await engine.advance(sequence, ids, {
      ...(signal && { signal }),
      onRow(i, row) {
        argmax.push(largest(row, engine.numerics.maxima(row)) ?? 0);
        if (i + 1 < ids.length) nll.push(engine.numerics.logSumExp(row) - row[ids[i + 1]!]!);
      },
    });
    return { logits, argmax, nll, nllMean: nll.length === 0 ? null : nll.reduce((a, b) => a + b, 0) / nll.length };
  } finally {
    engine.release(sequence);
  }
}

/** Whether the last of the reasoning tokens opens. */
function endsInThought(ids: readonly number[], tokenizer: Tokenizer): boolean {
  const [open, close] = [tokenizer.id("<think>"), tokenizer.id("</think>")];
  return open !== undefined && ids.lastIndexOf(open) > (close === undefined ? -1 : ids.lastIndexOf(close));
}

/** @throws {RangeError} */
export function checkIds(ids: number[], vocabularySize: number): void {
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabularySize)
      throw new RangeError(`token ${String(id)} is not in the vocabulary of ${vocabularySize}`);
  }
}
