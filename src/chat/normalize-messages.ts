/**
 * Messages as every template of the family can read them. The templates in the wild raise on null, print "null", or want `arguments`
 * as a mapping and reasoning as `thinking`; what is normalised here, none of them gets wrong.
 */
import { UnsupportedError } from "../errors.ts";
import type { Message } from "../types.ts";
import { TemplateError } from "./template-error.ts";

export interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly TemplateCall[];
  readonly tool_call_id?: string;
  readonly name?: string;
}
export interface TemplateCall {
  readonly type: "function";
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: Record<string, unknown> };
}

const ROLES = new Set(["system", "developer", "user", "assistant", "tool"]);

/**
 * @throws {TemplateError} A message is not what the API says it is.
 * @throws {UnsupportedError} A part of a message is no text.
 */
export function normalizeMessages(messages: readonly Message[]): TemplateMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid("messages must be a list with at least one message");
  const namesById = new Map<string, string>(); // of calls, so that results can say whose they are
  return messages.map((message: unknown, index) => normalizeMessage(message, index, namesById));
}

function normalizeMessage(message: unknown, index: number, namesById: Map<string, string>): TemplateMessage {
  const where = `messages[${index}]`;
  if (!isRecord(message)) throw invalid(`${where} is ${kind(message)}, not a message`);
  const role = message["role"];
  if (typeof role !== "string" || !ROLES.has(role)) {
    throw invalid(
      `${where}.role is ${typeof role === "string" ? JSON.stringify(role.slice(0, 40)) : kind(role)}, expected ${[...ROLES].join(", ")}`,
    );
  }
  const content = plainText(message["content"], `${where}.content`, role === "assistant");
  if (role === "developer") return { role: "system", content };
  if (role === "assistant") {
    const thinking = message["thinking"] ?? message["reasoning_content"] ?? message["reasoning"];
    const calls = toolCalls(message["tool_calls"], `${where}.tool_calls`);
    for (const call of calls) if (call.id !== undefined) namesById.set(call.id, call.function.name);
    return {
      role,
      content,
      ...(typeof thinking === "string" ? { thinking } : {}),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
  }
  const id = message["tool_call_id"];
  const toolCallId = role === "tool" && typeof id === "string" ? id : undefined;
  const name = message["name"] ?? namesById.get(toolCallId ?? "");
  return {
    role,
    content,
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
    ...(typeof name === "string" ? { name } : {}),
  };
}

/** Content as one text. A template would print the list of parts, or raise. */
function plainText(content: unknown, where: string, optional: boolean): string {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) {
    if (optional) return "";
    throw invalid(`${where} is missing`);
  }
  if (!Array.isArray(content)) throw invalid(`${where} is ${kind(content)}, expected text or a list of text parts`);
  let text = "";
  for (const [i, part] of (content as unknown[]).entries()) {
    if (!isRecord(part)) throw invalid(`${where}[${i}] is ${kind(part)}, not a part`);
    // OpenAI's form of a reply of the model's that refused.
    if (optional && part["type"] === "refusal" && typeof part["refusal"] === "string") {
      text += part["refusal"];
      continue;
    }
    if (part["type"] !== "text") {
      throw new UnsupportedError(
        `Cannot use ${where}[${i}]: its type is ${JSON.stringify(part["type"] ?? null)}, this model reads text only`,
        "messages",
      );
    }
    if (typeof part["text"] !== "string") throw invalid(`${where}[${i}].text is ${kind(part["text"])}, not text`);
    text += part["text"];
  }
  return text;
}

function toolCalls(calls: unknown, where: string): TemplateCall[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw invalid(`${where} is ${kind(calls)}, not a list`);
  return (calls as unknown[]).map((call, i) => {
    if (!isRecord(call)) throw invalid(`${where}[${i}] is ${kind(call)}, not a call`);
    const callee = isRecord(call["function"]) ? call["function"] : call; // the flat form that some clients send
    const name = callee["name"];
    if (typeof name !== "string") throw invalid(`${where}[${i}].function.name is ${kind(name)}, not text`);
    const args = parseArguments(callee["arguments"], `${where}[${i}].function.arguments`);
    return { type: "function", ...(typeof call["id"] === "string" ? { id: call["id"] } : {}), function: { name, arguments: args } };
  });
}

/** OpenAI's wire has the arguments as JSON text. */
function parseArguments(args: unknown, where: string): Record<string, unknown> {
  let value = args ?? {};
  if (typeof value === "string") {
    try {
      value = value.trim() === "" ? {} : ((JSON.parse(value) as unknown) ?? {});
    } catch {
      throw invalid(`${where} is no JSON`);
    }
  }
  if (!isRecord(value)) throw invalid(`${where} is ${kind(value)}, not an object`);
  return value;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const kind = (value: unknown): string => {
  if (value === undefined || value === null) return value === null ? "null" : "missing";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return `a ${typeof value}`;
};
const invalid = (reason: string): TemplateError => new TemplateError(`Cannot use the conversation: ${reason}`);
