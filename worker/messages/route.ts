/** POST /v1/messages and /v1/messages/count_tokens, for Anthropic's clients. */
import type { Context } from "hono";
import type { Models } from "../models.ts";
import { present } from "../options.ts";
import { leaving, readBody } from "../request.ts";
import { countBody, messagesBody } from "../schemas/messages.ts";
import { anthropicEvents, begun, eventStream } from "../sse.ts";
import { messageOptions, type MessagesBody, toMessages, toTools } from "./input.ts";
import { type MessageAnswer, messageEvents, messageOf, newMessage } from "./output.ts";

export function messages(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal, leave } = leaving(c);
    const body = await readBody(c, messagesBody);
    const { id, model } = models.find(body.model, c);
    const options = { ...messageOptions(body, model.info), signal };
    const conversation = toMessages(body);
    const answer = newMessage(id, shownThinking(body.thinking));
    if (body.stream !== true) return c.json(messageOf(answer, await model.chat(conversation, options)));
    // Its first event tells how long the prompt is.
    const promptTokens = await model.countTokens(
      conversation,
      present({ tools: options.toolChoice === "none" ? undefined : options.tools }),
    );
    const parts = await begun(model.chatStream(conversation, options));
    return eventStream(c, messageEvents(answer, parts, promptTokens), { format: anthropicEvents, onLeave: leave });
  };
}

function shownThinking(thinking: MessagesBody["thinking"]): MessageAnswer["thinking"] {
  if (thinking == null || thinking.type === "disabled") return "none";
  return thinking.display === "omitted" ? "omitted" : "shown";
}

export function countTokens(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const body = await readBody(c, countBody);
    const { model } = models.find(body.model, c);
    const tools = body.tool_choice?.type === "none" ? undefined : toTools(body);
    return c.json({ input_tokens: await model.countTokens(toMessages(body), present({ tools })) });
  };
}
