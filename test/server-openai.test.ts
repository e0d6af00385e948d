/** OpenAI's own client, in process, over a model of known answers. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type Model } from "../src/index.ts";
import { createApp } from "../worker/app.ts";
import { defaultModel } from "../worker/default-model.ts";

const question: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: "user", content: "What time is it in Tokyo?" }];
const tools: OpenAI.Chat.ChatCompletionTool[] = [
  { type: "function", function: { name: "get_time", parameters: { type: "object", properties: { city: { type: "string" } } } } },
];
const greedy = { model: "tiny-moe", temperature: 0, seed: 1 } as const;

let model: Model;
let client: OpenAI;

beforeAll(async () => {
  model = await load(defaultModel());
  client = new OpenAI({ baseURL: "http://local/v1", apiKey: "-", maxRetries: 0, fetch: createApp({ models: model }).request });
});
afterAll(() => model.close());

describe("the OpenAI client", () => {
  it("gets the library's own reply", async () => {
    const own = await model.chat([{ role: "user", content: "The red fox" }], { temperature: 0, maxTokens: 20, toolChoice: "none" });
    const { choices, usage } = await client.chat.completions.create({
      ...greedy,
      messages: [{ role: "user", content: "The red fox" }],
      max_tokens: 20,
    });
    expect(choices[0]?.message.content ?? "").toBe(own.content);
    expect(usage?.completion_tokens).toBe(own.usage.completionTokens);
  });

  it("streams what it gets whole", async () => {
    const body = { ...greedy, messages: question, tools, n: 2, max_tokens: 24 };
    const whole = await client.chat.completions.create(body);
    const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const streamed = await stream.finalChatCompletion();
    const said = ({ choices }: OpenAI.Chat.ChatCompletion) =>
      choices.map(({ message, finish_reason }) => ({
        content: message.content ?? "",
        calls: message.tool_calls?.map((call) => call.type === "function" && [call.function.name, call.function.arguments]),
        finish_reason,
      }));
    expect(said(streamed)).toEqual(said(whole));
    expect(said(whole)[0]).toMatchObject({ calls: [["get_weather", '{"city":"Tokyo"}']], finish_reason: "tool_calls" });
    expect(streamed.usage).toEqual(whole.usage);
  });

  it("hands a tool's result back", async () => {
    const called = await client.chat.completions.create({ ...greedy, messages: question, tools });
    const message = called.choices[0]!.message;
    const result: OpenAI.Chat.ChatCompletionMessageParam = { role: "tool", tool_call_id: message.tool_calls![0]!.id, content: "12:00" };
    const { usage } = await client.chat.completions.create({ ...greedy, messages: [...question, message, result], tools, max_tokens: 8 });
    expect(usage!.prompt_tokens).toBeGreaterThan(called.usage!.total_tokens);
  });

  it("gets log-probabilities for each token", async () => {
    const { choices, usage } = await client.chat.completions.create({
      ...greedy,
      messages: question,
      max_tokens: 4,
      logprobs: true,
      top_logprobs: 2,
    });
    const tokens = choices[0]!.logprobs!.content!;
    expect(tokens).toHaveLength(usage!.completion_tokens);
    for (const { token, top_logprobs } of tokens) expect(top_logprobs.map((top) => top.token)).toContain(token);
  });

  it("lists models", async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(["tiny-moe"]);
  });

  it("throws its own errors", async () => {
    const ask = (body: object) => client.chat.completions.create({ ...greedy, messages: question, ...body });
    await expect(ask({ model: "gpt-5" })).rejects.toThrow(expect.objectContaining({ status: 404, code: "model_not_found" }));
    await expect(ask({ top_p: 2 })).rejects.toThrow(expect.objectContaining({ status: 400, param: "top_p" }));
    await expect(ask({ messages: [{ role: "user", content: "word ".repeat(5000) }] })).rejects.toThrow(
      expect.objectContaining({ status: 400, code: "context_length_exceeded" }),
    );
    await expect(ask({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }] })).rejects.toThrow(
      expect.objectContaining({ status: 400, param: "messages" }),
    );
  });

  it("leaves in the middle, and the sequences are free for the next", async () => {
    const stream = await client.chat.completions.create({
      ...greedy,
      messages: question,
      n: 4,
      max_tokens: 3000,
      stream: true,
      ignore_eos: true,
    } as OpenAI.Chat.ChatCompletionCreateParamsStreaming);
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 12) break;
    const start = performance.now();
    await client.chat.completions.create({ ...greedy, messages: question, n: 4, max_tokens: 1 });
    expect(performance.now() - start).toBeLessThan(1000); // to its end, the first would have taken some 10 s
  });
});
