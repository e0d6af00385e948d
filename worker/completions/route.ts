/** POST /v1/completions: plain continuation of one prompt or of several. */
import type { Context } from "hono";
import type * as z from "zod/mini";
import type { CompleteOptions, CompletionPart, Model } from "../../src/index.ts";
import { Batch } from "../batch.ts";
import { ApiError } from "../errors.ts";
import type { Models } from "../models.ts";
import { formatField, generateOptions, present, responseFormat } from "../options.ts";
import { leaving, readBody } from "../request.ts";
import { completionBody } from "../schemas/completions.ts";
import { begun, eventStream, unnamedEvents } from "../sse.ts";
import { type CompletionAnswer, completion, completionChunks, newCompletion } from "./response.ts";

/** What OpenAI's API takes where nothing is said. */
const DEFAULT_MAX_TOKENS = 16;

export function completions(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal, leave } = leaving(c);
    const body = await readBody(c, completionBody);
    const { id, model } = models.find(body.model, c);
    c.get("visit").sent = formatField(body);
    const options = { ...completeOptions(body), signal };
    const prompts = toPrompts(body.prompt);
    if (prompts.length > 1) c.get("visit").batch = new Batch(prompts);
    const answer = newCompletion(id, { n: options.n ?? 1, logprobs: options.logprobs !== undefined });
    if (body.stream !== true) {
      const atOnce = Math.max(1, Math.floor(model.info.maxSequences / answer.n));
      const replies = inParallel(prompts, atOnce, (prompt, i) => collect(continued(model, prompt, i, answer, options)));
      replies.catch(leave); // nobody wants the others
      return c.json(await completion(answer, replies));
    }
    const parts = await begun(inTurn(model, prompts, answer, options));
    const includeUsage = body.stream_options?.include_usage === true;
    return eventStream(c, completionChunks(answer, parts, includeUsage), { format: unnamedEvents, onLeave: leave });
  };
}

/** @throws {ApiError} 400 */
function completeOptions(body: z.output<typeof completionBody.schema>): CompleteOptions {
  if (body.echo === true && body.logprobs != null)
    throw new ApiError(400, "logprobs are not told of a prompt that is echoed; leave one of the two out", {
      param: "logprobs",
      code: "unsupported_parameter",
    });
  return {
    ...generateOptions({ ...body, max_tokens: body.max_tokens ?? DEFAULT_MAX_TOKENS }),
    ...responseFormat(body),
    ...present({ n: body.n, logprobs: body.logprobs, echo: body.echo }),
  };
}

type Prompt = string | number[];

function toPrompts(prompt: Prompt | string[] | number[][] | null | undefined): Prompt[] {
  if (prompt == null) return [""];
  if (typeof prompt === "string" || prompt.length === 0 || typeof prompt[0] === "number") return [prompt as Prompt];
  return prompt as Prompt[];
}

/** One prompt's parts; the choices of all prompts are numbered through. */
async function* continued(
  model: Model,
  prompt: Prompt,
  at: number,
  { n }: CompletionAnswer,
  options: CompleteOptions,
): AsyncGenerator<CompletionPart, void, void> {
  for await (const part of model.completeStream(prompt, options))
    yield part.type === "usage" ? part : { ...part, index: at * n + part.index };
}

async function* inTurn(
  model: Model,
  prompts: Prompt[],
  answer: CompletionAnswer,
  options: CompleteOptions,
): AsyncGenerator<CompletionPart, void, void> {
  for (const [i, prompt] of prompts.entries()) yield* continued(model, prompt, i, answer, options);
}

/** So many at once that they take their places with the model, and do not fill the queue of those who wait. */
async function inParallel<T, R>(inputs: readonly T[], limit: number, work: (input: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < inputs.length; i = next++) results[i] = await work(inputs[i]!, i);
  };
  await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, worker));
  return results;
}

async function collect(parts: AsyncIterable<CompletionPart>): Promise<CompletionPart[]> {
  const all: CompletionPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}
