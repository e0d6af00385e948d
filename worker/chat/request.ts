/** The body of POST /v1/chat/completions as the library's messages and options. */
import type * as z from "zod/mini";
import type { ChatOptions, Message, ModelInfo } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import type { Sent } from "../field-names.ts";
import {
  formatField,
  generateOptions,
  present,
  responseFormat,
  thinkingOptions,
  type ToolChoice,
  toolOptions,
  toTool,
} from "../options.ts";
import type { chatBody } from "../schemas/chat.ts";

export type ChatBody = z.output<typeof chatBody.schema>;

/** @throws {ApiError} 400, `param` names the field. */
export function chatOptions(body: ChatBody, info: ModelInfo): ChatOptions {
  if (body.top_logprobs != null && body.logprobs !== true) {
    throw new ApiError(400, "top_logprobs needs logprobs: true", { param: "top_logprobs", code: "invalid_value" });
  }
  return {
    ...generateOptions({ ...body, max_tokens: body.max_completion_tokens ?? body.max_tokens }),
    ...toolOptions(body.tools?.map(toTool), toolChoice(body.tool_choice), body.parallel_tool_calls),
    ...responseFormat(body),
    ...thinkingOptions(info, body.reasoning_effort, body.max_thinking_tokens),
    ...present({
      n: body.n,
      logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
      templateArguments: body.chat_template_kwargs,
    }),
  };
}

/** Where options were said that may be said in several fields. */
export const sentFields = (body: ChatBody): Sent => ({
  ...present({
    maxTokens: body.max_completion_tokens == null ? undefined : "max_completion_tokens",
    maxThinkingTokens: body.max_thinking_tokens == null ? undefined : "max_thinking_tokens",
  }),
  ...formatField(body),
});

/** What a message of the library does not take is told by the library. */
export const chatMessages = (body: { readonly messages: unknown[] }): Message[] => body.messages as Message[];

function toolChoice(choice: ChatBody["tool_choice"]): ToolChoice | undefined {
  if (typeof choice === "string") return choice;
  if (choice == null) return undefined;
  if (choice.type === "function") return { name: choice.function.name };
  const { mode, tools } = choice.allowed_tools;
  return { mode, allowed: tools.map((tool) => tool.function.name) };
}
