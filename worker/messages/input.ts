/** Requests of Anthropic's API as the library's messages and options. */
import type * as z from "zod/mini";
import type { ChatOptions, Content, Message, ModelInfo, Tool, WireToolCall } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import { present, thinkingOptions, type ToolChoice, toolOptions, toTool } from "../options.ts";
import type { countBody, messagesBody } from "../schemas/messages.ts";

export type MessagesBody = z.output<typeof messagesBody.schema>;
export type CountBody = z.output<typeof countBody.schema>;

type Block = Readonly<Record<string, unknown>> & { readonly type: string };
type Blocks = string | Block[];

/** @throws {ApiError} 400: a block that is no text, or of the wrong shape. */
export function toMessages({ system, messages }: CountBody): Message[] {
  const converted = messages.flatMap(({ role, content }, i) => {
    const where = `messages[${i}].content`;
    if (role === "system") return [{ role, content: texts(content, where) }];
    return role === "user" ? userMessages(content, where) : [assistantMessage(content, where)];
  });
  if (messages.at(-1)?.role === "assistant")
    throw invalid("messages: the last one must be the user's: a reply that has begun cannot be continued here");
  return system == null ? converted : [{ role: "system", content: texts(system, "system") }, ...converted];
}

/** Results of tools come first: they answer the turn before. */
function userMessages(content: Blocks, where: string): Message[] {
  if (typeof content === "string") return [{ role: "user", content }];
  const results: Message[] = [];
  const said: Block[] = [];
  for (const [i, block] of content.entries()) {
    if (block.type === "tool_result") results.push(toolResult(block, `${where}[${i}]`));
    else said.push(block);
  }
  return said.length > 0 || results.length === 0 ? [...results, { role: "user", content: texts(said, where) }] : results;
}

function toolResult({ tool_use_id: id, content, is_error: failed }: Block, where: string): Message {
  if (typeof id !== "string") throw invalid(`${where}.tool_use_id is missing`);
  const given = content === undefined || content === null ? "" : texts(content as Blocks, `${where}.content`);
  const text = typeof given === "string" ? given : given.map((part) => part.text).join("");
  return { role: "tool", tool_call_id: id, content: failed === true ? `Error: ${text}` : text };
}

function assistantMessage(content: Blocks, where: string): Message {
  if (typeof content === "string") return { role: "assistant", content };
  let [text, thinking] = ["", ""];
  const calls: WireToolCall[] = [];
  for (const [i, block] of content.entries()) {
    const at = `${where}[${i}]`;
    if (block.type === "text") text += textOf(block, at);
    else if (block.type === "thinking") thinking += typeof block["thinking"] === "string" ? block["thinking"] : "";
    else if (block.type === "tool_use") calls.push(toolUse(block, at));
    else if (block.type !== "redacted_thinking") throw notText(block, at);
  }
  return {
    role: "assistant",
    content: text,
    ...(thinking !== "" && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function toolUse({ id, name, input }: Block, where: string): WireToolCall {
  if (typeof name !== "string") throw invalid(`${where}.name is missing`);
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw invalid(`${where}.input is no object`);
  return { ...(typeof id === "string" && { id }), type: "function", function: { name, arguments: input as Record<string, unknown> } };
}

function texts(content: Blocks, where: string): Content & (string | { type: "text"; text: string }[]) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw invalid(`${where} is neither text nor a list of blocks`);
  return content.map((block, i) => ({ type: "text" as const, text: textOf(block, `${where}[${i}]`) }));
}

function textOf(block: Block, where: string): string {
  if (typeof block !== "object" || block === null || block.type !== "text") throw notText(block, where);
  if (typeof block["text"] !== "string") throw invalid(`${where}.text is missing`);
  return block["text"];
}

function notText(block: Block, where: string): ApiError {
  const type = JSON.stringify(block?.type ?? null)?.slice(0, 60);
  return new ApiError(400, `${where}: its type is ${type}, this model reads text only`, {
    param: "messages",
    code: "unsupported_parameter",
  });
}

const invalid = (message: string): ApiError => new ApiError(400, message, { param: "messages", code: "invalid_value" });

/** @throws {ApiError} 400 */
export function toTools(body: CountBody): Tool[] | undefined {
  return body.tools?.map(({ name, description, input_schema, strict }) =>
    toTool({ type: "function", function: { name, ...present({ description, parameters: input_schema, strict }) } }),
  );
}

/** @throws {ApiError} 400 */
export function messageOptions(body: MessagesBody, info: ModelInfo): ChatOptions {
  const { tool_choice: choice, thinking, output_config: output } = body;
  const alone = choice && "disable_parallel_tool_use" in choice && choice.disable_parallel_tool_use === true;
  const cap = thinking?.type === "enabled" ? thinking.budget_tokens : undefined;
  return {
    ...present({
      maxTokens: body.max_tokens,
      stop: body.stop_sequences,
      temperature: body.temperature,
      topK: body.top_k,
      topP: body.top_p,
      responseFormat: output?.format && { type: "json_schema" as const, schema: output.format.schema },
    }),
    ...toolOptions(toTools(body), toolChoice(choice), alone ? false : undefined),
    ...thinkingOptions(info, thinking?.type === "disabled" ? "none" : output?.effort, cap),
  };
}

function toolChoice(choice: MessagesBody["tool_choice"]): ToolChoice | undefined {
  switch (choice?.type) {
    case "any":
      return "required";
    case "tool":
      return { name: choice.name };
    case "auto":
    case "none":
      return choice.type;
    default:
      return undefined;
  }
}
