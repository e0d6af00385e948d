/** OpenAI's agents, in process: one loop with a tool, over both of the APIs that they speak. */
import { Agent, OpenAIProvider, Runner, tool } from "@openai/agents";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { baseURL, found, question, type Server, startServer, told } from "./model.ts";

let server: Server;
let openAIClient: OpenAI;
beforeAll(async () => {
  server = await startServer();
  openAIClient = new OpenAI({ baseURL, apiKey: "-", maxRetries: 0, fetch: server.fetch });
});
afterAll(() => server[Symbol.asyncDispose]());

it.each([true, false])("runs a tool and ends with what it found; responses: %s", async (useResponses) => {
  const cities: string[] = [];
  const getWeather = tool({
    name: "get_weather",
    description: "Get the current weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: true },
    strict: false,
    execute: (input) => {
      const { city } = input as { city: string };
      cities.push(city);
      return found;
    },
  });
  const agent = new Agent({
    name: "weather",
    instructions: "You are a helpful assistant.",
    model: "model",
    modelSettings: { temperature: 0, maxTokens: 40 },
    tools: [getWeather],
  });
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient, useResponses }), tracingDisabled: true });
  const { finalOutput, newItems } = await runner.run(agent, question);
  expect(cities).toEqual(["Tokyo"]);
  expect(finalOutput).toBe(told);
  expect(newItems.map(({ type }) => type)).toEqual(["tool_call_item", "tool_call_output_item", "message_output_item"]);

  const streamed = await runner.run(agent, question, { stream: true });
  for await (const event of streamed) expect(event.type).toMatch(/event$/);
  expect(streamed.finalOutput).toBe(finalOutput);
});
