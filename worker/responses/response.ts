/** A response object: what was asked, and what came of it. */
import type { FinishReason, ModelInfo, TokenLogprob, Usage } from "../../src/index.ts";
import { finishReason, logprobs } from "../chat/response.ts";
import { ApiError } from "../errors.ts";
import { newId, seconds } from "../ids.ts";
import type { Item } from "./items.ts";
import type { ResponseBody } from "./options.ts";

export interface ResponseObject {
  readonly status: string;
  readonly [field: string]: unknown;
}

export interface ResponseAnswer {
  readonly id: string;
  /** All that does not change while it is made. */
  readonly head: object;
}

export function newResponse(model: string, body: ResponseBody, info: ModelInfo): ResponseAnswer {
  const { samplingDefaults } = info;
  const id = newId("resp_");
  const head = {
    id,
    object: "response",
    created_at: seconds(),
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    model,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: "default",
    store: body.store ?? true,
    temperature: body.temperature ?? samplingDefaults.temperature ?? 1,
    text: { format: body.text?.format ?? { type: "text" }, ...(body.text?.verbosity && { verbosity: body.text.verbosity }) },
    tool_choice: body.tool_choice ?? "auto",
    tools: (body.tools ?? []).map((tool) => ({
      ...tool,
      description: tool.description ?? null,
      parameters: tool.parameters ?? null,
      strict: tool.strict ?? null,
    })),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? samplingDefaults.topP ?? 1,
    presence_penalty: body.presence_penalty ?? 0,
    frequency_penalty: body.frequency_penalty ?? 0,
    truncation: "disabled",
    user: body.user ?? null,
  };
  return { id, head };
}

export type Outcome =
  | { readonly status: "in_progress" }
  | { readonly status: "ended"; readonly reason: FinishReason; readonly usage: Usage | undefined }
  | { readonly status: "failed"; readonly error: ApiError };

/** @throws {ApiError} 503: the reply was cut off. */
export function responseOf({ head }: ResponseAnswer, output: readonly Item[], outcome: Outcome): ResponseObject {
  const state = (status: string, rest: object = {}): ResponseObject => ({
    ...head,
    status,
    completed_at: null,
    error: null,
    incomplete_details: null,
    usage: null,
    output,
    ...rest,
  });
  if (outcome.status === "in_progress") return state("in_progress");
  if (outcome.status === "failed") {
    const { message, status, code } = outcome.error;
    return state("failed", { error: { code: status === 429 ? "rate_limit_exceeded" : (code ?? "server_error"), message } });
  }
  const usage = outcome.usage ? usageOf(outcome.usage) : null;
  if (finishReason(outcome.reason) === "length") return state("incomplete", { incomplete_details: { reason: "max_output_tokens" }, usage });
  return state("completed", { completed_at: seconds(), usage });
}

function usageOf({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: Usage): object {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + completionTokens,
  };
}

export function logprobsOf(tokens: readonly TokenLogprob[]): object[] {
  return (logprobs([...tokens]) as { content: object[] }).content;
}
