/** Replies of the library as OpenAI's chat completions, whole and in chunks. */
import type { Choice, FinishReason, Reply, ReplyPart, TokenLogprob, Usage } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import { newId, seconds } from "../ids.ts";

/** What all chunks of one answer share. */
export interface Answer {
  readonly id: string;
  readonly created: number; // s
  readonly model: string;
}

export function newAnswer(model: string): Answer {
  return { id: newId("chatcmpl-"), created: seconds(), model };
}

/** @throws {ApiError} 503: the reply was cut off. */
export function chatCompletion({ id, created, model }: Answer, reply: Reply): object {
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: reply.choices.map((choice) => ({
      index: choice.index,
      message: message(choice),
      logprobs: choice.logprobs ? logprobs(choice.logprobs) : null,
      finish_reason: finishReason(choice.finishReason),
    })),
    usage: usage(reply.usage),
  };
}

/**
 * The chunks of a streamed answer: each choice's role, what it says, why it ends, and, where asked for, the usage with no choices.
 *
 * @throws {ApiError} 503: the reply was cut off.
 */
export async function* chatCompletionChunks(
  { id, created, model }: Answer,
  parts: AsyncIterable<ReplyPart>,
  { n, includeUsage }: { n: number; includeUsage: boolean },
): AsyncGenerator<object, void, void> {
  const chunk = (choices: object[], used: object | null = null): object => ({
    id,
    object: "chat.completion.chunk",
    created,
    model,
    choices,
    ...(includeUsage && { usage: used }),
  });
  const delta = (index: number, said: object, tokens?: TokenLogprob[]): object =>
    chunk([{ index, delta: said, logprobs: tokens ? logprobs(tokens) : null, finish_reason: null }]);

  for (let index = 0; index < n; index++) yield delta(index, { role: "assistant", content: "", refusal: null });
  for await (const part of parts) {
    switch (part.type) {
      case "text":
        yield delta(part.index, { content: part.text }, part.logprobs);
        break;
      case "reasoning":
        yield delta(part.index, { reasoning_content: part.text }, part.logprobs);
        break;
      case "tool-call":
        yield delta(part.index, {
          tool_calls: [{ index: part.callIndex, id: part.id, type: "function", function: { name: part.name, arguments: "" } }],
        });
        break;
      case "tool-arguments":
        yield delta(part.index, { tool_calls: [{ index: part.callIndex, function: { arguments: part.json } }] });
        break;
      case "finish":
        yield chunk([{ index: part.index, delta: {}, logprobs: null, finish_reason: finishReason(part.finishReason) }]);
        break;
      case "usage":
        if (includeUsage) yield chunk([], usage(part.usage));
    }
  }
}

function message({ content, reasoning, toolCalls }: Choice): object {
  return {
    role: "assistant",
    content: content === "" && toolCalls.length > 0 ? null : content,
    ...(reasoning !== null && { reasoning_content: reasoning }),
    refusal: null,
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: JSON.stringify(call.arguments) },
      })),
    }),
  };
}

/** Who left does not read this; who is still there must not take a part for the whole. */
export function finishReason(reason: FinishReason): Exclude<FinishReason, "abort"> {
  if (reason === "abort") throw new ApiError(503, "the reply was cut off: the server is shutting down", { code: "shutting_down" });
  return reason;
}

export function logprobs(tokens: TokenLogprob[]): object {
  const entry = ({ text, bytes, logprob }: Omit<TokenLogprob, "top">): object => ({ token: text, logprob, bytes });
  return { content: tokens.map((token) => ({ ...entry(token), top_logprobs: token.top.map(entry) })), refusal: null };
}

export function usage({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}
