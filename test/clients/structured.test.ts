/** Replies held to a form, as each client asks for them. Short texts: a small model that is free to go on would. */
import Anthropic from "@anthropic-ai/sdk";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIProvider, Runner, tool as agentTool } from "@openai/agents";
import { generateObject } from "ai";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { baseURL, question, type Server, startServer } from "./model.ts";

const city = z.enum(["Seoul", "Tokyo", "Oslo"]);
const answer = z.object({ city, hour: z.int().min(0).max(23), sunny: z.boolean() });
const order = z.object({ city });

let server: Server;
let openai: OpenAI;
beforeAll(async () => {
  server = await startServer();
  openai = new OpenAI({ baseURL, apiKey: "-", maxRetries: 0, fetch: server.fetch });
});
afterAll(() => server[Symbol.asyncDispose]());

const greedy = { model: "model", temperature: 0 };
const messages = [{ role: "user" as const, content: question }];

describe("OpenAI's client", () => {
  it("parses chat", async () => {
    const { choices } = await openai.chat.completions.parse({ ...greedy, messages, response_format: zodResponseFormat(answer, "answer") });
    expect(answer.parse(choices[0]!.message.parsed)).toEqual(JSON.parse(choices[0]!.message.content!));
  });

  it("parses responses, whole and streamed", async () => {
    const request = { ...greedy, input: question, text: { format: zodTextFormat(answer, "answer") } };
    const { output_parsed } = await openai.responses.parse(request);
    expect(answer.safeParse(output_parsed)).toMatchObject({ success: true });
    const final = await openai.responses.stream(request).finalResponse();
    expect(final.output_parsed).toEqual(output_parsed);
  });

  it("parses the arguments of strict tools that must be called", async () => {
    const tools = [zodFunction({ name: "book", parameters: order }), zodFunction({ name: "cancel", parameters: order })];
    for (const [tool_choice, names] of [
      ["required", ["book", "cancel"]],
      [{ type: "function", function: { name: "cancel" } }, ["cancel"]],
      [{ type: "allowed_tools", allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "book" } }] } }, ["book"]],
    ] as const) {
      const { choices } = await openai.chat.completions.parse({
        ...greedy,
        messages,
        tools,
        tool_choice: tool_choice as never,
        parallel_tool_calls: false,
      });
      expect(choices[0]!.finish_reason).toBe("tool_calls");
      const calls = choices[0]!.message.tool_calls!.filter((call) => call.type === "function");
      expect(calls).toHaveLength(1);
      expect(names).toContain(calls[0]!.function.name);
      expect(order.safeParse(calls[0]!.function.parsed_arguments)).toMatchObject({ success: true });
    }
  });

  it("streams what it gets whole", async () => {
    const request = { ...greedy, messages, response_format: zodResponseFormat(answer, "answer") };
    const whole = await openai.chat.completions.create(request);
    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    expect(streamed.choices[0]!.message.content).toBe(whole.choices[0]!.message.content);
  });

  it.each([
    [
      "response_format",
      "uniqueItems",
      { response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "array", uniqueItems: true } } } },
    ],
    ["tools", "not", { tools: [{ type: "function", function: { name: "f", strict: true, parameters: { type: "object", not: {} } } }] }],
  ])("says which keyword of a schema cannot be obeyed: %s, %s", async (param, keyword, more) => {
    const ask = openai.chat.completions.create({ ...greedy, messages, ...more } as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming);
    await expect(ask).rejects.toThrow(expect.objectContaining({ status: 400, param, message: expect.stringContaining(keyword) }));
  });
});

it("Anthropic's client gets a call of the tool that it names, and JSON", async () => {
  const client = new Anthropic({ baseURL: "http://local", apiKey: "-", maxRetries: 0, fetch: server.fetch });
  const tools = ["book", "cancel"].map((name) => ({ name, input_schema: z.toJSONSchema(order) as Anthropic.Tool.InputSchema }));
  const request = { ...greedy, max_tokens: 100, messages };
  const { content, stop_reason } = await client.messages.create({ ...request, tools, tool_choice: { type: "tool", name: "cancel" } });
  expect(stop_reason).toBe("tool_use");
  expect(content.filter((block) => block.type === "tool_use")).toMatchObject([{ name: "cancel", input: { city: expect.any(String) } }]);
  const format = { type: "json_schema" as const, schema: z.toJSONSchema(order) as Record<string, unknown> };
  const json = await client.messages.create({ ...request, output_config: { format } });
  expect(order.safeParse(JSON.parse(json.content.map((block) => (block.type === "text" ? block.text : "")).join("")))).toMatchObject({
    success: true,
  });
});

describe.each(["compatible", "chat", "responses"])("Vercel's SDK, %s", (name) => {
  it("generates an object", async () => {
    const compatible = createOpenAICompatible({ name: "lfm-edge", baseURL, fetch: server.fetch, supportsStructuredOutputs: true });
    const provider = createOpenAI({ baseURL, apiKey: "-", fetch: server.fetch });
    const model = { compatible: compatible("model"), chat: provider.chat("model"), responses: provider.responses("model") }[name]!;
    const { object } = await generateObject({ model, schema: answer, prompt: question, temperature: 0, maxRetries: 0 });
    expect(answer.safeParse(object)).toMatchObject({ success: true });
  });
});

it.each(["jsonSchema", "functionCalling"] as const)("LangChain's withStructuredOutput, by %s", async (method) => {
  const chat = new ChatOpenAI({
    ...greedy,
    apiKey: "-",
    maxRetries: 0,
    configuration: { baseURL, fetch: server.fetch },
    modelKwargs: { parallel_tool_calls: false }, // a small model goes on calling
  });
  const result = await chat.withStructuredOutput(answer, { name: "answer", method, strict: true }).invoke([new HumanMessage(question)]);
  expect(answer.safeParse(result)).toMatchObject({ success: true });
});

it("OpenAI's agents call strict tools, and end with an object", async () => {
  const cities: string[] = [];
  const book = agentTool({
    name: "book",
    description: "Books a city",
    parameters: order,
    execute: ({ city: booked }) => {
      cities.push(booked);
      return "done";
    },
  });
  const common = { name: "clerk", instructions: "Book what is asked for.", model: "model" };
  const modelSettings = { temperature: 0, maxTokens: 200, parallelToolCalls: false };
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: openai, useResponses: true }), tracingDisabled: true });
  const caller = new Agent({
    ...common,
    modelSettings: { ...modelSettings, toolChoice: "required" },
    tools: [book],
    toolUseBehavior: "stop_on_first_tool",
  });
  expect((await runner.run(caller, question)).finalOutput).toBe("done");
  expect(cities).toEqual([expect.stringMatching(/^(Seoul|Tokyo|Oslo)$/)]);
  const teller = new Agent({ ...common, modelSettings, outputType: answer });
  expect(answer.safeParse((await runner.run(teller, question)).finalOutput)).toMatchObject({ success: true });
});
