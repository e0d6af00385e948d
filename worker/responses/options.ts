/** The body of POST /v1/responses as the library's options. */
import type * as z from "zod/mini";
import type { ChatOptions, ModelInfo, Tool } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import { generateOptions, present, responseFormat, thinkingOptions, type ToolChoice, toolOptions, toTool } from "../options.ts";
import type { responseBody } from "../schemas/responses.ts";

export type ResponseBody = z.output<typeof responseBody.schema>;

/** What `include` may ask for. Both others of OpenAI's tools are about tools that are not here. */
const LOGPROBS = "message.output_text.logprobs";
const INCLUDABLE: ReadonlySet<string> = new Set([LOGPROBS, "reasoning.encrypted_content"]);

export const wantsLogprobs = ({ include, top_logprobs: top }: ResponseBody): boolean =>
  include?.includes(LOGPROBS) === true || (top ?? 0) > 0;

/** @throws {ApiError} 400, `param` names the field. */
export function responseOptions(body: ResponseBody, info: ModelInfo): ChatOptions {
  const unknown = body.include?.find((name) => !INCLUDABLE.has(name));
  if (unknown !== undefined)
    throw new ApiError(400, `include: there is no ${JSON.stringify(unknown.slice(0, 60))} here`, {
      param: "include",
      code: "unsupported_parameter",
    });
  const format = body.text?.format;
  const asked = format?.type === "json_schema" ? { type: format.type, json_schema: { schema: format.schema } } : format;
  return {
    ...generateOptions({ ...body, max_tokens: body.max_output_tokens }),
    ...toolOptions(toTools(body), toolChoice(body.tool_choice), body.parallel_tool_calls),
    ...responseFormat({ response_format: asked }),
    ...thinkingOptions(info, body.reasoning?.effort),
    ...present({ logprobs: wantsLogprobs(body) ? (body.top_logprobs ?? 0) : undefined }),
  };
}

function toTools({ tools }: ResponseBody): Tool[] | undefined {
  return tools?.map(({ type, name, description, parameters, strict }) =>
    toTool({ type, function: { name, ...present({ description, parameters, strict }) } }),
  );
}

function toolChoice(choice: ResponseBody["tool_choice"]): ToolChoice | undefined {
  if (typeof choice === "string") return choice;
  if (choice == null) return undefined;
  if (choice.type === "function") return { name: choice.name };
  return { mode: choice.mode, allowed: choice.tools.map(({ name }) => name) };
}
