/** Continuations as OpenAI's text completions, whole and in chunks. */
import type { CompletionPart, TokenLogprob, Usage } from "../../src/index.ts";
import { finishReason, usage } from "../chat/response.ts";
import { newId, seconds } from "../ids.ts";

export interface CompletionAnswer {
  readonly id: string;
  readonly created: number; // s
  readonly model: string;
  readonly n: number; // choices of each prompt
  readonly logprobs: boolean;
}

export function newCompletion(model: string, { n, logprobs }: Pick<CompletionAnswer, "n" | "logprobs">): CompletionAnswer {
  return { id: newId("cmpl-"), created: seconds(), model, n, logprobs };
}

interface Collected {
  text: string;
  tokens: TokenLogprob[];
  finish: string | null;
}

/** @throws {ApiError} 503: a continuation was cut off. */
export async function completion(answer: CompletionAnswer, parts: Promise<CompletionPart[][]>): Promise<object> {
  const choices: Collected[] = [];
  const used: Usage[] = [];
  for (const part of (await parts).flat()) {
    if (part.type === "usage") {
      used.push(part.usage);
      continue;
    }
    const choice = (choices[part.index] ??= { text: "", tokens: [], finish: null });
    if (part.type === "finish") choice.finish = finishReason(part.finishReason);
    else {
      choice.text += part.text;
      choice.tokens.push(...(part.logprobs ?? []));
    }
  }
  return {
    ...head(answer),
    choices: choices.map(({ text, tokens, finish }, index) => ({
      index,
      text,
      logprobs: answer.logprobs ? logprobs(tokens, 0) : null,
      finish_reason: finish,
    })),
    usage: usage(total(used)),
  };
}

/** @throws {ApiError} 503: a continuation was cut off. */
export async function* completionChunks(
  answer: CompletionAnswer,
  parts: AsyncIterable<CompletionPart>,
  includeUsage: boolean,
): AsyncGenerator<object, void, void> {
  const said: number[] = []; // characters, of each choice
  const used: Usage[] = [];
  const chunk = (choices: object[], sum: object | null): object => ({ ...head(answer), choices, ...(includeUsage && { usage: sum }) });
  for await (const part of parts) {
    if (part.type === "usage") used.push(part.usage);
    else if (part.type === "finish")
      yield chunk([{ index: part.index, text: "", logprobs: null, finish_reason: finishReason(part.finishReason) }], null);
    else {
      const offset = said[part.index] ?? 0;
      said[part.index] = offset + part.text.length;
      const tokens = part.logprobs ? logprobs(part.logprobs, offset) : null;
      yield chunk([{ index: part.index, text: part.text, logprobs: tokens, finish_reason: null }], null);
    }
  }
  if (includeUsage) yield chunk([], usage(total(used)));
}

const head = ({ id, created, model }: CompletionAnswer): object => ({ id, object: "text_completion", created, model });

function total(used: Usage[]): Usage {
  const sum: Usage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0, prefillMs: 0, decodeMs: 0 };
  for (const one of used) for (const key of Object.keys(sum) as (keyof Usage)[]) sum[key] += one[key];
  return sum;
}

/** The old shape: lists side by side. */
function logprobs(tokens: TokenLogprob[], start: number): object {
  let offset = start;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) => Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]))),
    text_offset: tokens.map(({ text }) => {
      const at = offset;
      offset += text.length;
      return at;
    }),
  };
}
