/** What each address does. */
import type { Context, Hono } from "hono";
import { readChatRequest } from "./chat-request.ts";
import { chatCompletion, chatCompletionChunks, newAnswer } from "./chat-response.ts";
import { ApiError } from "./errors.ts";
import type { Models } from "./models.ts";
import { eventStream } from "./sse.ts";

/** Every address, with the one method that it answers. */
export function addRoutes(app: Hono, models: Models): void {
  const only = (method: string) => (): never => {
    throw new ApiError(405, `only ${method} is answered here`, { code: "method_not_allowed", headers: { allow: method } });
  };
  app.get("/v1/models", listModels(models)).all(only("GET"));
  app.post("/v1/chat/completions", chatCompletions(models)).all(only("POST"));
  // A route, and the last: what `notFound` throws would pass by the middleware.
  app.all("*", (c) => {
    throw new ApiError(404, `there is no ${c.req.method} ${c.req.path} here`, { code: "unknown_url" });
  });
}

function listModels(models: Models): (c: Context) => Response {
  return (c) => c.json(models.list(c));
}

/** POST /v1/chat/completions. A client that leaves, whole or streaming, stops the compute. */
function chatCompletions(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const left = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, left.signal]);
    const { model: name, messages, options, stream, includeUsage } = readChatRequest(parseJson(await c.req.text()));
    const { id, model } = models.find(name, c);
    const answer = newAnswer(id);
    if (!stream) return c.json(chatCompletion(answer, await model.chat(messages, { ...options, signal })));

    const parts = model.chatStream(messages, { ...options, signal })[Symbol.asyncIterator]();
    const first = await parts.next(); // a bad request fails here, while the status can still say so
    const n = options.n ?? 1;
    return eventStream(chatCompletionChunks(answer, resume(first, parts), { n, includeUsage }), {
      path: c.req.path,
      onLeave: () => left.abort(),
    });
  };
}

/** Far above any schema; what walks a body recursively must not run out of stack. */
const MAX_DEPTH = 100;

/** @throws {ApiError} 400 */
function parseJson(text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const found = text.trim() === "" ? "it is empty" : error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw new ApiError(400, `the request body is not valid JSON: ${found}`, { code: "invalid_json" });
  }
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new ApiError(400, `the request body nests deeper than the ${MAX_DEPTH} levels that are read here`, { code: "invalid_json" });
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? (Object.values(value) as unknown[]) : []));
  }
  return body;
}

/** An iteration from the step that was already taken. */
async function* resume<T>(first: IteratorResult<T, unknown>, rest: AsyncIterator<T, unknown>): AsyncGenerator<T, void, void> {
  try {
    for (let step = first; !step.done; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
