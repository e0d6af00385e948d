/** Structured replies through OpenAI's client: what its helpers parse, and what the server says when it cannot hold to a schema. */
import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { load, type Model } from "../../src/index.ts";
import { createApp } from "../../worker/app.ts";
import { defaultModel } from "../../worker/default-model.ts";

let model: Model;
let client: OpenAI;

beforeAll(async () => {
  model = await load(defaultModel());
  client = new OpenAI({ baseURL: "http://local/v1", apiKey: "-", maxRetries: 0, fetch: createApp({ models: model }).request });
});
afterAll(() => model.close());

const asked = { model: "tiny-moe", temperature: 0, max_tokens: 300, messages: [{ role: "user" as const, content: "Weather in Seoul?" }] };
const Place = z.object({
  city: z.string().max(20),
  kind: z.enum(["town", "village"]),
  people: z.number().int().nullable(),
  tags: z.array(z.string().max(5)).max(3),
});

describe("structured replies", () => {
  it("are parsed by the client's helper", async () => {
    const { choices } = await client.chat.completions.parse({ ...asked, response_format: zodResponseFormat(Place, "place") });
    expect(choices[0]!.finish_reason).toBe("stop");
    expect(Place.parse(choices[0]!.message.parsed)).toEqual(choices[0]!.message.parsed);
  });

  it("are streamed as they are whole", async () => {
    const body = { ...asked, response_format: zodResponseFormat(Place, "place") };
    const whole = await client.chat.completions.create(body);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]!.message.content).toBe(whole.choices[0]!.message.content);
  });

  it("forced calls have the arguments of their schema", async () => {
    const tools = [zodFunction({ name: "note_place", parameters: Place })];
    for (const tool_choice of ["required", { type: "function", function: { name: "note_place" } }] as const) {
      const { choices } = await client.chat.completions.parse({ ...asked, tools, tool_choice, parallel_tool_calls: false });
      const call = choices[0]!.message.tool_calls!.find((one) => one.type === "function");
      expect(choices[0]!.finish_reason).toBe("tool_calls");
      expect(Place.parse(call!.function.parsed_arguments)).toEqual(JSON.parse(call!.function.arguments));
    }
  });

  it.each([
    [
      "response_format",
      { response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "array", uniqueItems: true } } } },
      /uniqueItems/,
    ],
    ["tools", { tools: [{ type: "function", function: { name: "f", strict: true, parameters: { type: "object", not: {} } } }] }, /not/],
  ])("what cannot be held to is a 400 that names it: %s", async (param, more, message) => {
    const call = client.chat.completions.create({ ...asked, ...more } as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming);
    await expect(call).rejects.toMatchObject({ status: 400, param, message: expect.stringMatching(message) });
  });
});
