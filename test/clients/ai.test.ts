/** Vercel's AI SDK, in process, through its provider for OpenAI and that for compatible servers. */
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, type LanguageModel, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { baseURL, found, greeting, question, type Server, startServer, told } from "./model.ts";

type Name = "compatible" | "chat" | "responses";

let server: Server;
let models: Record<Name, (id: string) => LanguageModel>;
let embedding: Parameters<typeof embedMany>[0]["model"];

beforeAll(async () => {
  server = await startServer();
  const { fetch } = server;
  const compatible = createOpenAICompatible({ name: "lfm-edge", baseURL, fetch, includeUsage: true });
  const openai = createOpenAI({ baseURL, apiKey: "-", fetch });
  models = { compatible: (id) => compatible(id), chat: (id) => openai.chat(id), responses: (id) => openai.responses(id) };
  embedding = compatible.embeddingModel("model");
});
afterAll(() => server[Symbol.asyncDispose]());

const cities: string[] = [];
const tools = {
  get_weather: tool({
    description: "Get the current weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => {
      cities.push(city);
      return found;
    },
  }),
  set_timer: tool({ description: "Sets a timer", inputSchema: z.object({ minutes: z.int() }), execute: () => ({ ok: true }) }),
};
const greedy = { temperature: 0, maxOutputTokens: 40, maxRetries: 0 };

describe.each<Name>(["compatible", "chat", "responses"])("%s", (name) => {
  it("generates the library's text, and streams it", async () => {
    const own = await server.model.chat([{ role: "user", content: greeting }], { temperature: 0, maxTokens: 40 });
    const { text, usage, finishReason } = await generateText({ model: models[name]("model"), prompt: greeting, ...greedy });
    expect(text).toBe(own.content);
    expect(finishReason).toBe("stop");
    expect(usage).toMatchObject({ inputTokens: own.usage.promptTokens, outputTokens: own.usage.completionTokens });
    const stream = streamText({ model: models[name]("model"), prompt: greeting, ...greedy });
    let streamed = "";
    for await (const piece of stream.textStream) streamed += piece;
    expect(streamed).toBe(text);
    expect(await stream.usage).toMatchObject({ outputTokens: own.usage.completionTokens });
  });

  it("calls tools over several steps, whole and streamed", async () => {
    const request = { model: models[name]("model"), prompt: question, tools, stopWhen: stepCountIs(5), ...greedy };
    cities.length = 0;
    const { steps, text } = await generateText(request);
    expect(steps).toHaveLength(2);
    expect(steps[0]!.toolResults).toMatchObject([{ toolName: "get_weather", input: { city: "Tokyo" }, output: found }]);
    expect(text).toBe(told);
    expect(steps[1]!.usage.inputTokens).toBeGreaterThan(steps[0]!.usage.inputTokens!);
    expect(cities[0]).toBe("Tokyo");
    const streamed = streamText(request);
    await streamed.consumeStream();
    const calls = (all: { toolCalls: { toolName: string; input: unknown }[] }[]) =>
      all.map((step) => step.toolCalls.map((call) => [call.toolName, call.input]));
    expect(calls(await streamed.steps)).toEqual(calls(steps));
  });

  it("stops when it is told to", async () => {
    const left = new AbortController();
    const stream = streamText({ model: models[name]("model"), prompt: greeting, abortSignal: left.signal, ...greedy });
    for await (const _ of stream.textStream) left.abort();
    expect(await server.model.chat([{ role: "user", content: "Hi" }], { maxTokens: 1, n: 4 })).toMatchObject({ choices: { length: 4 } });
  });
});

it("embeds", async () => {
  const { embeddings } = await embedMany({ model: embedding, values: ["The red fox", "Mina"], maxRetries: 0 });
  expect(embeddings.map((vector) => Float32Array.from(vector))).toEqual(await server.model.embed(["The red fox", "Mina"]));
});
