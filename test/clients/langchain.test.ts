/** LangChain's classes for OpenAI, in process. */
import { HumanMessage, SystemMessage, type ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { baseURL, found, greeting, question, type Server, startServer, told } from "./model.ts";

let server: Server;
let chat: (model: string) => ChatOpenAI;
let embeddings: OpenAIEmbeddings;

beforeAll(async () => {
  server = await startServer();
  const common = { apiKey: "-", maxRetries: 0, configuration: { baseURL, fetch: server.fetch } };
  chat = (model) => new ChatOpenAI({ ...common, model, temperature: 0, maxTokens: 40 });
  embeddings = new OpenAIEmbeddings({ ...common, model: "model" });
});
afterAll(() => server[Symbol.asyncDispose]());

const getWeather = tool(() => JSON.stringify(found), {
  name: "get_weather",
  description: "Get the current weather in a city",
  schema: z.object({ city: z.string() }),
});

describe("ChatOpenAI", () => {
  const messages = [new SystemMessage("Be brief."), new HumanMessage(greeting)];

  it("invokes, and streams the same", async () => {
    const own = await server.model.chat(
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: greeting },
      ],
      { temperature: 0, maxTokens: 40 },
    );
    const reply = await chat("model").invoke(messages);
    expect(reply.content).toBe(own.content);
    expect(reply.usage_metadata).toMatchObject({ input_tokens: own.usage.promptTokens, output_tokens: own.usage.completionTokens });
    let streamed = "";
    for await (const chunk of await chat("model").stream(messages)) streamed += chunk.text;
    expect(streamed).toBe(own.content);
  });

  it("binds tools, and takes their results", async () => {
    const bound = chat("model").bindTools([getWeather]);
    const called = await bound.invoke([new HumanMessage(question)]);
    expect(called.tool_calls).toMatchObject([{ name: "get_weather", args: { city: "Tokyo" } }]);
    const result = (await getWeather.invoke(called.tool_calls![0]! as never)) as ToolMessage;
    const next = await bound.invoke([new HumanMessage(question), called, result]);
    expect(next.content).toBe(told);
  });
});

it("OpenAIEmbeddings embeds documents", async () => {
  const vectors = await embeddings.embedDocuments(["The red fox", "Mina"]);
  expect(vectors.map((vector) => Float32Array.from(vector))).toEqual(await server.model.embed(["The red fox", "Mina"]));
});
