/** Anthropic's own client, in process. */
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { found, greeting, question, type Server, startServer, told } from "./model.ts";

const tools: Anthropic.Tool[] = [
  {
    name: "get_weather",
    description: "Get the current weather in a city",
    input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const messages: Anthropic.MessageParam[] = [{ role: "user", content: question }];

const greedy = { model: "model", temperature: 0, max_tokens: 40 } as const;

let server: Server;
let client: Anthropic;

beforeAll(async () => {
  server = await startServer();
  client = new Anthropic({ baseURL: "http://local", apiKey: "-", maxRetries: 0, fetch: server.fetch });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("messages", () => {
  it("are the library's replies", async () => {
    const own = await server.model.chat(
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: greeting },
      ],
      { temperature: 0, maxTokens: 40 },
    );
    const message = await client.messages.create({
      ...greedy,
      model: "model",
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: [{ type: "text", text: greeting }] }],
    });
    expect(message).toMatchObject({ type: "message", role: "assistant", model: "model", stop_sequence: null });
    expect(message.content).toEqual([{ type: "text", text: own.content, citations: null }]);
    expect(message.usage).toMatchObject({ input_tokens: own.usage.promptTokens, output_tokens: own.usage.completionTokens });
  });

  it("stream what they are whole", async () => {
    for (const body of [
      { model: "model", messages: [{ role: "user" as const, content: greeting }] },
      { messages, tools },
    ]) {
      const whole = await client.messages.create({ ...greedy, ...body });
      const stream = client.messages.stream({ ...greedy, ...body });
      let text = "";
      stream.on("text", (piece) => (text += piece));
      const { content, stop_reason, usage } = await stream.finalMessage();
      const bare = (blocks: Anthropic.ContentBlock[]) => blocks.map((block) => ({ ...block, id: "" }));
      expect(bare(content)).toEqual(bare(whole.content));
      expect(stop_reason).toBe(whole.stop_reason);
      expect(usage).toMatchObject(whole.usage);
      expect(text).toBe(content.map((block) => (block.type === "text" ? block.text : "")).join(""));
    }
  });

  it("use tools, and take their results", async () => {
    const called = await client.messages.create({ ...greedy, messages, tools });
    expect(called.stop_reason).toBe("tool_use");
    const use = called.content.find((block) => block.type === "tool_use")!;
    expect(use).toMatchObject({ name: "get_weather", input: { city: "Tokyo" } });
    const answered: Anthropic.MessageParam[] = [
      ...messages,
      { role: "assistant", content: called.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: [{ type: "text", text: JSON.stringify(found) }] }] },
    ];
    const { content, usage } = await client.messages.create({ ...greedy, messages: answered, tools });
    expect(content).toMatchObject([{ type: "text", text: told }]);
    const own = await server.model.countTokens(
      [
        { role: "user", content: question },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: use.id, type: "function", function: { name: use.name, arguments: { city: "Tokyo" } } }],
        },
        { role: "tool", tool_call_id: use.id, content: JSON.stringify(found) },
      ],
      {
        tools: [
          { type: "function", function: { name: "get_weather", description: tools[0]!.description!, parameters: tools[0]!.input_schema } },
        ],
      },
    );
    expect(usage.input_tokens).toBe(own);
    expect(await client.messages.countTokens({ model: greedy.model, messages: answered, tools })).toEqual({ input_tokens: own });
  });

  it("end at max_tokens", async () => {
    const { stop_reason } = await client.messages.create({
      ...greedy,
      model: "model",
      max_tokens: 2,
      messages: [{ role: "user", content: greeting }],
    });
    expect(stop_reason).toBe("max_tokens");
  });

  it("end at a stop sequence, and say which", async () => {
    const request = {
      ...greedy,
      model: "model",
      stop_sequences: ["never", " can"],
      messages: [{ role: "user" as const, content: greeting }],
    };
    const whole = await client.messages.create(request);
    expect(whole).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: " can" });
    expect(await client.messages.stream(request).finalMessage()).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: " can" });
  });

  it("list models", async () => {
    const ids: string[] = [];
    for await (const { id, display_name } of client.models.list()) ids.push(id, display_name);
    expect(ids).toEqual(["model", "model", "tiny", "tiny"]);
    expect(await client.models.retrieve(greedy.model)).toMatchObject({ type: "model", id: greedy.model });
  });

  it("fail with the client's own errors", async () => {
    const ask = (body: object) => client.messages.create({ ...greedy, messages, ...body });
    const refused = (name: RegExp) =>
      expect.objectContaining({ status: 400, type: "invalid_request_error", message: expect.stringMatching(name) });
    await expect(ask({ model: "claude" })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    await expect(ask({ max_tokens: -1 })).rejects.toThrow(refused(/max_tokens/));
    await expect(ask({ max_tokens: undefined })).rejects.toThrow(refused(/max_tokens/));
    await expect(ask({ messages: [...messages, { role: "assistant", content: "It is" }] })).rejects.toThrow(refused(/messages/));
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "" } };
    await expect(ask({ messages: [{ role: "user", content: [image] }] })).rejects.toThrow(refused(/image/));
    await expect(ask({ tools: [{ type: "web_search_20250305", name: "web_search" }] })).rejects.toThrow(refused(/tools/));
    await expect(ask({ messages: [{ role: "user", content: "word ".repeat(9000) }] })).rejects.toThrow(refused(/context/));
  });
});
