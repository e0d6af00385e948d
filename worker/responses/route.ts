/** POST /v1/responses; GET and DELETE /v1/responses/ID of those that are stored. */
import type { Context } from "hono";
import type { Message, ReplyPart } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import type { Models } from "../models.ts";
import { leaving, readBody } from "../request.ts";
import { responseBody } from "../schemas/responses.ts";
import { begun, eventStream, namedEvents } from "../sse.ts";
import { type Item, toMessages } from "./items.ts";
import { type ResponseBody, responseOptions, wantsLogprobs } from "./options.ts";
import { ResponseOutput } from "./output.ts";
import { newResponse } from "./response.ts";
import type { ResponseStore } from "./store.ts";

export function createResponse(models: Models, store: ResponseStore): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal, leave } = leaving(c);
    const body = await readBody(c, responseBody);
    const { id: modelId, model } = models.find(body.model, c);
    const options = { ...responseOptions(body, model.info), signal };
    const { account } = c.get("visit").client;
    const input = store.resolve(inputItems(body), account);
    const past = body.previous_response_id == null ? [] : store.conversation(body.previous_response_id, account);
    const conversation = withInstructions(body, toMessages([...past, ...input], past.length));
    const answer = newResponse(modelId, body, model.info);
    const output = new ResponseOutput(answer, { logprobs: wantsLogprobs(body) });
    const keep = (): void => {
      if (body.store === false) return;
      const previous = body.previous_response_id ?? undefined;
      store.add(answer.id, { response: output.response(), items: [...input, ...output.items], previous }, account);
    };
    const parts = model.chatStream(conversation, options);
    if (body.stream !== true) {
      for await (const part of parts) output.add(part);
      const response = output.response();
      keep();
      return c.json(response);
    }
    return eventStream(c, responseEvents(output, await begun(parts), keep), {
      format: namedEvents,
      onLeave: leave,
      onError: (error) => output.fail(error),
    });
  };
}

export function getResponse(store: ResponseStore): (c: Context) => Response {
  return (c) => c.json(store.get(c.req.param("id") ?? "", c.get("visit").client.account));
}

export function deleteResponse(store: ResponseStore): (c: Context) => Response {
  return (c) => {
    const id = c.req.param("id") ?? "";
    const { account } = c.get("visit").client;
    store.get(id, account);
    store.delete(id, account);
    return c.json({ id, object: "response", deleted: true });
  };
}

async function* responseEvents(
  output: ResponseOutput,
  parts: AsyncIterable<ReplyPart>,
  keep: () => void,
): AsyncGenerator<object, void, void> {
  yield* output.begin();
  for await (const part of parts) yield* output.add(part);
  const last = output.end();
  keep(); // whoever has read the end may go on from it
  yield* last;
}

/** @throws {ApiError} 400 */
function inputItems({ input, previous_response_id: previous }: ResponseBody): Item[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  if (input != null && (input.length > 0 || previous != null)) return input;
  throw new ApiError(400, "input is missing: a text, or a list of items", { param: "input", code: "invalid_value" });
}

/** Those of an earlier response do not hold for the next. */
function withInstructions({ instructions }: ResponseBody, messages: Message[]): Message[] {
  return instructions ? [{ role: "system", content: instructions }, ...messages] : messages;
}
