/**
 * A reply as it becomes the output items of a response, with the events that tell of it:
 *
 *     response.created, response.in_progress
 *     of each item:  output_item.added … output_item.done
 *       reasoning and text:  content_part.added, reasoning_text or output_text.delta …, .done, content_part.done
 *       a call:              function_call_arguments.delta …, .done
 *     response.completed, .incomplete or .failed
 */
import type { FinishReason, ReplyPart, TokenLogprob, Usage } from "../../src/index.ts";
import { ApiError, toApiError } from "../errors.ts";
import { inWireNames } from "../field-names.ts";
import { newId } from "../ids.ts";
import type { Item } from "./items.ts";
import { logprobsOf, type ResponseAnswer, type ResponseObject, responseOf } from "./response.ts";

interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Open {
  readonly kind: "reasoning" | "message" | "function_call";
  readonly key: string; // what belongs to the same item
  readonly id: string;
  text: string; // or a call's arguments
  readonly logprobs: TokenLogprob[];
  readonly call?: { id: string; name: string };
}

export class ResponseOutput {
  readonly items: Item[] = [];
  readonly #answer: ResponseAnswer;
  readonly #logprobs: boolean;
  #open: Open | undefined;
  #sequence = 0;
  #reason: FinishReason = "stop";
  #usage: Usage | undefined;

  constructor(answer: ResponseAnswer, { logprobs }: { logprobs: boolean }) {
    this.#answer = answer;
    this.#logprobs = logprobs;
  }

  begin(): object[] {
    const response = responseOf(this.#answer, [], { status: "in_progress" });
    return this.#number([
      { type: "response.created", response },
      { type: "response.in_progress", response },
    ]);
  }

  add(part: ReplyPart): object[] {
    switch (part.type) {
      case "reasoning":
      case "text": {
        const kind = part.type === "text" ? "message" : "reasoning";
        if (part.text === "" && !part.logprobs?.length && this.#open?.kind !== kind) return [];
        return this.#number([...this.#enter(kind, kind), ...this.#say(part.text, part.logprobs ?? [])]);
      }
      case "tool-call":
        return this.#number(this.#enter("function_call", part.id, { id: part.id, name: part.name }));
      case "tool-arguments":
        return this.#number(this.#say(part.json, []));
      case "finish": {
        this.#reason = part.finishReason;
        const silent = this.items.length === 0 && !this.#open; // an empty message, as clients expect one
        const events = silent ? this.#enter("message", "message") : [];
        return this.#number([...events, ...this.#close(part.finishReason === "length" ? "incomplete" : "completed")]);
      }
      case "usage":
        this.#usage = part.usage;
        return [];
    }
  }

  /** The response as it is when all parts are there. @throws {ApiError} 503: the reply was cut off. */
  response(): ResponseObject {
    return responseOf(this.#answer, this.items, { status: "ended", reason: this.#reason, usage: this.#usage });
  }

  /** @throws {ApiError} 503: the reply was cut off. */
  end(): object[] {
    const response = this.response();
    return this.#number([{ type: `response.${response.status}`, response }]);
  }

  fail(error: unknown): object[] {
    const found = toApiError(error);
    const { message, param } = inWireNames(found, "/v1/responses");
    const told = new ApiError(found.status, message, { param, code: found.code });
    const response = responseOf(this.#answer, this.items, { status: "failed", error: told });
    return this.#number([
      { type: "error", code: told.code, message: told.message, param: told.param },
      { type: "response.failed", response },
    ]);
  }

  #number(events: Event[]): object[] {
    return events.map((event) => ({ ...event, sequence_number: this.#sequence++ }));
  }

  #enter(kind: Open["kind"], key: string, call?: Open["call"]): Event[] {
    if (this.#open?.key === key) return [];
    const events = this.#close("completed");
    const id = newId({ reasoning: "rs_", message: "msg_", function_call: "fc_" }[kind]);
    this.#open = { kind, key, id, text: "", logprobs: [], ...(call && { call }) };
    const item = itemOf(this.#open, "in_progress", []);
    events.push({ type: "response.output_item.added", output_index: this.items.length, item });
    if (kind !== "function_call") events.push({ type: "response.content_part.added", ...this.#part(), part: partOf(this.#open, []) });
    return events;
  }

  #say(text: string, logprobs: TokenLogprob[]): Event[] {
    const open = this.#open!;
    open.text += text;
    open.logprobs.push(...logprobs);
    if (open.kind === "function_call")
      return [{ type: "response.function_call_arguments.delta", item_id: open.id, output_index: this.items.length, delta: text }];
    if (open.kind === "reasoning") return [{ type: "response.reasoning_text.delta", ...this.#part(), delta: text }];
    return [{ type: "response.output_text.delta", ...this.#part(), delta: text, logprobs: this.#shown(logprobs) }];
  }

  #close(status: "completed" | "incomplete"): Event[] {
    const open = this.#open;
    if (!open) return [];
    const [at, shown] = [{ item_id: open.id, output_index: this.items.length }, this.#shown(open.logprobs)];
    const events: Event[] = [];
    if (open.kind === "function_call")
      events.push({ type: "response.function_call_arguments.done", ...at, name: open.call!.name, arguments: open.text });
    else {
      if (open.kind === "reasoning") events.push({ type: "response.reasoning_text.done", ...this.#part(), text: open.text });
      else events.push({ type: "response.output_text.done", ...this.#part(), text: open.text, logprobs: shown });
      events.push({ type: "response.content_part.done", ...this.#part(), part: partOf(open, shown) });
    }
    const item = itemOf(open, status, [partOf(open, shown)]);
    events.push({ type: "response.output_item.done", output_index: this.items.length, item });
    this.items.push(item);
    this.#open = undefined;
    return events;
  }

  #part(): object {
    return { item_id: this.#open!.id, output_index: this.items.length, content_index: 0 };
  }

  #shown(tokens: TokenLogprob[]): object[] {
    return this.#logprobs ? logprobsOf(tokens) : [];
  }
}

function partOf({ kind, text }: Open, logprobs: object[]): object {
  return kind === "reasoning" ? { type: "reasoning_text", text } : { type: "output_text", text, annotations: [], logprobs };
}

function itemOf({ kind, id, text, call }: Open, status: string, content: object[]): Item {
  if (kind === "reasoning") return { id, type: "reasoning", summary: [], content, status };
  if (kind === "message") return { id, type: "message", role: "assistant", status, content };
  return { id, type: "function_call", call_id: call!.id, name: call!.name, arguments: text, status };
}
