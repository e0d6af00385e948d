/** POST /v1/chat/completions. A client that leaves, whole or streaming, stops the compute. */
import type { Context } from "hono";
import type { Models } from "../models.ts";
import { leaving, readBody } from "../request.ts";
import { chatBody } from "../schemas/chat.ts";
import { begun, eventStream, unnamedEvents } from "../sse.ts";
import { chatMessages, chatOptions, sentFields } from "./request.ts";
import { chatCompletion, chatCompletionChunks, newAnswer } from "./response.ts";

export function chatCompletions(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal, leave } = leaving(c);
    const body = await readBody(c, chatBody);
    const { id, model } = models.find(body.model, c);
    c.get("visit").sent = sentFields(body);
    const options = { ...chatOptions(body, model.info), signal };
    const answer = newAnswer(id);
    if (body.stream !== true) return c.json(chatCompletion(answer, await model.chat(chatMessages(body), options)));
    const parts = await begun(model.chatStream(chatMessages(body), options));
    const shape = { n: options.n ?? 1, includeUsage: body.stream_options?.include_usage === true };
    return eventStream(c, chatCompletionChunks(answer, parts, shape), { format: unnamedEvents, onLeave: leave });
  };
}
