/** Replies as messages of Anthropic's API, whole and as events. */
import type { Choice, Reply, ReplyPart, Usage } from "../../src/index.ts";
import { finishReason } from "../chat/response.ts";
import { newId } from "../ids.ts";

export interface MessageAnswer {
  readonly id: string;
  readonly model: string;
  /** Who did not ask for thinking is not shown it; "omitted" is shown that there was some. */
  readonly thinking: "none" | "omitted" | "shown";
}

export const newMessage = (model: string, thinking: MessageAnswer["thinking"]): MessageAnswer => ({ id: newId("msg_"), model, thinking });

const THINKING = { type: "thinking", thinking: "", signature: "" };

/** @throws {ApiError} 503: the reply was cut off. */
export function messageOf({ id, model, thinking }: MessageAnswer, reply: Reply): object {
  const { reasoning, content, toolCalls } = reply;
  return {
    ...head(id, model),
    content: [
      ...(reasoning === null || thinking === "none" ? [] : [{ ...THINKING, thinking: thinking === "shown" ? reasoning : "" }]),
      ...(content === "" && toolCalls.length > 0 ? [] : [{ type: "text", text: content, citations: null }]),
      ...toolCalls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.arguments })),
    ],
    ...stop(reply),
    usage: usage(reply.usage),
  };
}

/**
 * message_start, of each block its start, deltas and stop, message_delta with why it ended and what it took, message_stop.
 *
 * @throws {ApiError} 503: the reply was cut off.
 */
export async function* messageEvents(
  { id, model, thinking }: MessageAnswer,
  parts: AsyncIterable<ReplyPart>,
  promptTokens: number,
): AsyncGenerator<object, void, void> {
  const blocks = new Blocks();
  let ended: object = {};
  yield {
    type: "message_start",
    message: { ...head(id, model), content: [], stop_reason: null, stop_sequence: null, usage: counted(promptTokens, 0, 0) },
  };
  for await (const part of parts) {
    switch (part.type) {
      case "reasoning":
        if (thinking !== "none")
          yield* blocks.say("thinking", THINKING, thinking === "shown" ? { type: "thinking_delta", thinking: part.text } : undefined);
        break;
      case "text":
        if (part.text !== "")
          yield* blocks.say("text", { type: "text", text: "", citations: null }, { type: "text_delta", text: part.text });
        break;
      case "tool-call":
        yield* blocks.say(part.id, { type: "tool_use", id: part.id, name: part.name, input: {} });
        break;
      case "tool-arguments":
        yield blocks.delta({ type: "input_json_delta", partial_json: part.json });
        break;
      case "finish":
        yield* blocks.close();
        ended = stop(part);
        break;
      case "usage":
        yield { type: "message_delta", delta: ended, usage: usage(part.usage) };
    }
  }
  yield { type: "message_stop" };
}

/** One block is open at a time. */
class Blocks {
  #index = -1;
  #open: string | undefined;

  *say(what: string, block: object, delta?: object): Generator<object, void, void> {
    if (this.#open !== what) {
      yield* this.close();
      this.#open = what;
      yield { type: "content_block_start", index: ++this.#index, content_block: block };
    }
    if (delta) yield this.delta(delta);
  }

  delta(delta: object): object {
    return { type: "content_block_delta", index: this.#index, delta };
  }

  *close(): Generator<object, void, void> {
    if (this.#open === undefined) return;
    this.#open = undefined;
    yield { type: "content_block_stop", index: this.#index };
  }
}

const head = (id: string, model: string): object => ({ id, type: "message", role: "assistant", model });

const STOP_REASONS = { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use" } as const;

function stop({ finishReason: reason, stopString }: Pick<Choice, "finishReason" | "stopString">): object {
  const ended = finishReason(reason);
  if (ended === "stop" && stopString !== undefined) return { stop_reason: "stop_sequence", stop_sequence: stopString };
  return { stop_reason: STOP_REASONS[ended], stop_sequence: null };
}

const usage = ({ promptTokens, cachedTokens, completionTokens }: Usage): object => counted(promptTokens, cachedTokens, completionTokens);

/** Tokens that came from the cache are counted apart. */
function counted(prompt: number, cached: number, reply: number): object {
  return {
    input_tokens: prompt - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: reply,
  };
}
