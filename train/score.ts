/** When a reply is right. */
import { isDeepStrictEqual } from "node:util";
import type { JsonSchema, Message, ParsedReply, Tool } from "../src/types.ts";

export interface ExpectedCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** What a reply must be; exactly one of these. */
export interface Expected {
  readonly calls?: readonly ExpectedCall[]; // these and no others, in any order
  readonly json?: unknown; // a JSON text with this value
  readonly answer?: string | readonly string[]; // this text, or one of these
  readonly absent?: string; // the text that says that the context does not have the answer
  readonly no_call?: string; // any text without a call; this is what training would have said
}

export interface EvaluationExample {
  readonly figure: string;
  readonly messages: Message[];
  readonly tools?: Tool[];
  readonly kwargs?: Record<string, unknown>;
  readonly schema?: JsonSchema; // that the prompt asks for
  readonly expect: Expected;
}

/** Whether a reply is what was expected. Numbers count by their value, keys in any order, white space around an answer not at all. */
export function isRight(reply: Pick<ParsedReply, "content" | "toolCalls">, expect: Expected): boolean {
  const { content, toolCalls } = reply;
  if (expect.calls !== undefined) return sameCalls(toolCalls, expect.calls);
  if (toolCalls.length > 0) return false;
  if ("json" in expect) return isDeepStrictEqual(parsed(content), expect.json);
  const wanted = expect.answer ?? expect.absent;
  return wanted === undefined ? content.trim() !== "" : [wanted].flat().includes(content.trim());
}

function sameCalls(made: readonly ExpectedCall[], expected: readonly ExpectedCall[]): boolean {
  const left = [...expected];
  for (const call of made) {
    const index = left.findIndex((one) => one.name === call.name && isDeepStrictEqual(one.arguments, call.arguments));
    if (index === -1) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

/** Undefined where the text is no JSON, which no expected value is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
