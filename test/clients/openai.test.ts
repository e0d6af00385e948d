/** OpenAI's own client, in process. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseURL, found, greeting, question as asked, type Server, startServer, told } from "./model.ts";

const question: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: "user", content: asked }];
const getWeather = {
  name: "get_weather",
  description: "Get the current weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const tools: OpenAI.Chat.ChatCompletionTool[] = [{ type: "function", function: getWeather }];
const responseTools: OpenAI.Responses.FunctionTool[] = [{ type: "function", ...getWeather, strict: false }];

const greedy = { model: "model", temperature: 0, seed: 1 } as const;

let server: Server;
let client: OpenAI;

beforeAll(async () => {
  server = await startServer();
  client = new OpenAI({ baseURL, apiKey: "-", maxRetries: 0, fetch: server.fetch });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("chat", () => {
  it("gets the library's own reply", async () => {
    const own = await server.model.chat([{ role: "user", content: greeting }], { temperature: 0, maxTokens: 40 });
    const { choices, usage } = await client.chat.completions.create({
      ...greedy,
      model: "model",
      messages: [{ role: "user", content: greeting }],
      max_tokens: 40,
    });
    expect(own.content).not.toBe("");
    expect(choices[0]?.message.content).toBe(own.content);
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
    const result: OpenAI.Chat.ChatCompletionMessageParam = {
      role: "tool",
      tool_call_id: message.tool_calls![0]!.id,
      content: JSON.stringify(found),
    };
    const { choices } = await client.chat.completions.create({ ...greedy, messages: [...question, message, result], tools });
    expect(choices[0]!.message.content).toBe(told);
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

  it("gets log-probabilities in a stream, the same", async () => {
    const body = { ...greedy, messages: question, max_tokens: 6, logprobs: true, top_logprobs: 1 };
    const { choices } = await client.chat.completions.create(body);
    const streamed: OpenAI.Chat.ChatCompletionTokenLogprob[] = [];
    for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
      streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    expect(streamed).toEqual(choices[0]!.logprobs!.content);
  });

  it("runs tools until the model has its answer", async () => {
    const asked: string[] = [];
    const run = {
      ...getWeather,
      parse: JSON.parse,
      function: ({ city }: { city: string }) => {
        asked.push(city);
        return found;
      },
    };
    const runner = client.chat.completions.runTools({
      ...greedy,
      messages: question,
      tools: [{ type: "function", function: run }] as never,
    });
    expect(await runner.finalContent()).toBe(told);
    expect(asked).toEqual(["Tokyo"]);
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

describe("completions", () => {
  it("continue several prompts, whole as streamed", async () => {
    const body = { ...greedy, prompt: ["The red fox", "Mina found the"], n: 2, max_tokens: 6, logprobs: 1 };
    const { choices, usage } = await client.completions.create(body);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    const texts = choices.map(() => "");
    let total = 0;
    for await (const chunk of await client.completions.create({ ...body, stream: true, stream_options: { include_usage: true } })) {
      for (const { index, text } of chunk.choices) texts[index] += text;
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(texts).toEqual(choices.map(({ text }) => text));
    expect(total).toBe(usage!.total_tokens);
    const own = await server.model.complete("Mina found the", { temperature: 0, seed: 1, maxTokens: 6 });
    expect(texts[2]).toBe(own.text);
  });

  it("take ids, and echo", async () => {
    const prompt = server.model.tokenize("Mina found the", { bos: true });
    const { choices } = await client.completions.create({ ...greedy, prompt, max_tokens: 3, echo: true });
    expect(choices[0]!.text).toMatch(/^Mina found the/);
  });
});

describe("embeddings", () => {
  it("are the library's vectors, as numbers and in base64, which the client asks for by itself", async () => {
    const input = ["The red fox", "Mina"];
    const own = await server.model.embed(input);
    for (const encoding_format of [undefined, "float"] as const) {
      const { data, usage } = await client.embeddings.create({ model: greedy.model, input, ...(encoding_format && { encoding_format }) });
      expect(data.map(({ embedding }) => Float32Array.from(embedding))).toEqual(own);
      expect(usage.prompt_tokens).toBe(input.reduce((sum, text) => sum + server.model.tokenize(text, { bos: true }).length, 0));
    }
  });

  it("refuse what they cannot give", async () => {
    const ask = (body: object) => client.embeddings.create({ model: greedy.model, input: "a", ...body });
    await expect(ask({ dimensions: 2 })).rejects.toThrow(expect.objectContaining({ status: 400, param: "dimensions" }));
    await expect(ask({ input: ["a", ""] })).rejects.toThrow(expect.objectContaining({ status: 400, param: "input" }));
    await expect(ask({ input: "word ".repeat(9000) })).rejects.toThrow(expect.objectContaining({ code: "context_length_exceeded" }));
  });
});

describe("models", () => {
  it("are listed, and told one by one", async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(["model", "tiny"]);
    expect(await client.models.retrieve(greedy.model)).toMatchObject({ id: greedy.model, context_length: server.model.info.contextLength });
    await expect(client.models.retrieve("a/b")).rejects.toThrow(expect.objectContaining({ status: 404, code: "model_not_found" }));
  });
});

describe("responses", () => {
  const short = { temperature: 0, max_output_tokens: 40 };
  const said = (response: OpenAI.Responses.Response) =>
    response.output.map((item) =>
      item.type === "message" ? item.content : item.type === "function_call" ? [item.name, item.arguments] : item.type,
    );

  it("say what chat says", async () => {
    const own = await server.model.chat([{ role: "user", content: greeting }], { temperature: 0, maxTokens: 40 });
    const response = await client.responses.create({ ...short, model: "model", input: greeting });
    expect(response.output_text).toBe(own.content);
    expect(response).toMatchObject({
      object: "response",
      status: "completed",
      error: null,
      store: true,
      usage: { input_tokens: expect.any(Number) },
    });
  });

  it("stream what they are whole, each item begun, filled and done", async () => {
    for (const body of [
      { model: "model", input: greeting },
      { model: "model", input: asked, tools: responseTools },
      { model: "model", input: greeting, include: ["message.output_text.logprobs" as const], top_logprobs: 1 },
    ]) {
      const request = { ...short, ...body };
      const whole = await client.responses.create(request);
      const stream = client.responses.stream(request);
      const events: OpenAI.Responses.ResponseStreamEvent[] = [];
      for await (const event of stream) events.push(event);
      const final = await stream.finalResponse();
      expect(said(final)).toMatchObject(said(whole));
      expect(final.usage).toEqual(whole.usage);
      expect(events.map((event) => (event as { sequence_number: number }).sequence_number)).toEqual([...events.keys()]);
      const types = events.map(({ type }) => type);
      expect(types.slice(0, 3)).toEqual(["response.created", "response.in_progress", "response.output_item.added"]);
      expect(types.slice(-2)).toEqual(["response.output_item.done", "response.completed"]);
    }
  });

  it("go on from one that is stored, with a tool's result", async () => {
    const first = await client.responses.create({
      ...short,
      model: greedy.model,
      input: asked,
      tools: responseTools,
      instructions: "Be brief.",
    });
    const call = first.output.find((item) => item.type === "function_call")!;
    expect(call).toMatchObject({ name: "get_weather", arguments: '{"city":"Tokyo"}', status: "completed" });
    const output = { type: "function_call_output" as const, call_id: call.call_id, output: JSON.stringify(found) };
    const second = await client.responses.create({
      ...short,
      model: greedy.model,
      previous_response_id: first.id,
      input: [output],
      tools: responseTools,
    });
    const stateless = await client.responses.create({
      ...short,
      model: greedy.model,
      input: [{ role: "user", content: asked }, ...(first.output as OpenAI.Responses.ResponseInput), output],
      tools: responseTools,
      store: false,
    });
    expect(second.output_text).toBe(told);
    expect(said(second)).toEqual(said(stateless));
    expect(second.usage).toEqual(stateless.usage);
    expect(await client.responses.retrieve(second.id)).toMatchObject({ id: second.id, previous_response_id: first.id });
    await expect(client.responses.retrieve(stateless.id)).rejects.toThrow(expect.objectContaining({ status: 404 }));
    await client.responses.delete(first.id);
    await expect(
      client.responses.create({ ...short, model: greedy.model, previous_response_id: second.id, input: "And now?" }),
    ).rejects.toThrow(expect.objectContaining({ status: 400, code: "previous_response_not_found" }));
  });

  it("end incomplete where they are cut", async () => {
    const response = await client.responses.create({
      model: greedy.model,
      input: greeting,
      temperature: 0,
      max_output_tokens: 2,
    });
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  });

  it("refuse what they cannot give", async () => {
    const ask = (body: object) => client.responses.create({ model: greedy.model, input: "Hi", ...body });
    const image = [{ role: "user", content: [{ type: "input_image", image_url: "data:," }] }];
    for (const [body, param] of [
      [{ background: true }, "background"],
      [{ input: image }, "input"],
      [{ input: [{ type: "computer_call" }] }, "input"],
      [{ tools: [{ type: "web_search" }] }, "tools"],
      [{ truncation: "auto" }, "truncation"],
      [{ max_output_tokens: -1 }, "max_output_tokens"],
      [{ previous_response_id: "resp_none" }, "previous_response_id"],
      [{ include: ["file_search_call.results"] }, "include"],
      [{ input: "word ".repeat(9000) }, "input"],
    ] as const)
      await expect(ask(body), param).rejects.toThrow(expect.objectContaining({ status: 400, param }));
  });
});
