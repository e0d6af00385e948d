/** Items of a conversation in OpenAI's responses API, and the library's messages made of them. */
import type { Message, WireToolCall } from "../../src/index.ts";
import { ApiError } from "../errors.ts";

/** As clients send them and as they are stored: only what is read here is known of them. */
export type Item = Readonly<Record<string, unknown>>;

const invalid = (message: string): ApiError => new ApiError(400, message, { param: "input", code: "invalid_value" });
const unsupported = (message: string): ApiError => new ApiError(400, message, { param: "input", code: "unsupported_parameter" });

/** past: items that stood there before the request's own. @throws {ApiError} 400: an item that this server does not know, or of the wrong shape. */
export function toMessages(items: readonly Item[], past = 0): Message[] {
  const messages: Message[] = [];
  let turn: AssistantTurn | undefined; // consecutive items of the assistant are one turn
  const close = (): void => {
    if (turn) messages.push(turn.message());
    turn = undefined;
  };
  for (const [i, item] of items.entries()) {
    const where = `input[${i - past}]`;
    const type = item["type"] ?? (typeof item["role"] === "string" ? "message" : undefined);
    if (type === "message" && item["role"] !== "assistant") {
      close();
      messages.push({ role: roleOf(item, where), content: textOf(item["content"], `${where}.content`) });
    } else if (type === "function_call_output") {
      close();
      const id = item["call_id"];
      if (typeof id !== "string") throw invalid(`${where}.call_id is missing`);
      messages.push({ role: "tool", tool_call_id: id, content: textOf(item["output"], `${where}.output`) });
    } else {
      turn ??= new AssistantTurn();
      if (type === "message") turn.say(textOf(item["content"], `${where}.content`));
      else if (type === "function_call") turn.call(item, where);
      else if (type === "reasoning") turn.think(item);
      else throw unsupported(`${where}: items of the type ${JSON.stringify(type ?? null).slice(0, 60)} are not read here`);
    }
  }
  close();
  return messages;
}

const ROLES = ["user", "system", "developer"] as const;

function roleOf({ role }: Item, where: string): (typeof ROLES)[number] {
  const known = ROLES.find((name) => name === role);
  if (!known) throw invalid(`${where}.role must be one of ${ROLES.join(", ")}, assistant`);
  return known;
}

/** A reasoning, a text and calls, in the order in which the model writes them. */
class AssistantTurn {
  #content = "";
  #reasoning = "";
  readonly #calls: WireToolCall[] = [];

  say(text: string): void {
    this.#content += (this.#content === "" ? "" : "\n") + text;
  }

  call({ call_id: id, name, arguments: args }: Item, where: string): void {
    if (typeof id !== "string") throw invalid(`${where}.call_id is missing`);
    if (typeof name !== "string") throw invalid(`${where}.name is missing`);
    if (typeof args !== "string") throw invalid(`${where}.arguments is missing`);
    this.#calls.push({ id, type: "function", function: { name, arguments: args } });
  }

  think({ content, summary }: Item): void {
    const parts = [content, summary].find((list) => Array.isArray(list) && list.length > 0) as unknown[] | undefined;
    for (const part of parts ?? []) {
      const text = typeof part === "object" && part !== null ? (part as Item)["text"] : undefined;
      if (typeof text === "string") this.#reasoning += text;
    }
  }

  message(): Message {
    return {
      role: "assistant",
      content: this.#content,
      ...(this.#reasoning !== "" && { reasoning_content: this.#reasoning }),
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
    };
  }
}

const TEXT_PARTS: ReadonlySet<unknown> = new Set(["input_text", "output_text", "text"]);

function textOf(content: unknown, where: string): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw invalid(`${where} is neither text nor a list of parts`);
  return (content as unknown[])
    .map((part, i) => {
      const { type, text, refusal } = (typeof part === "object" && part !== null ? part : {}) as Item;
      if (type === "refusal" && typeof refusal === "string") return refusal;
      if (!TEXT_PARTS.has(type))
        throw unsupported(`${where}[${i}]: its type is ${JSON.stringify(type ?? null).slice(0, 60)}, this model reads text only`);
      if (typeof text !== "string") throw invalid(`${where}[${i}].text is missing`);
      return text;
    })
    .join("");
}
