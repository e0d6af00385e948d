/**
 * The acceptance cases of Open Responses (openresponses.org), as its suite of November 2026 has them: requests that are alike, and the same things
 * asked of the answers. All pass but "image-input": no model here reads images, and a request that holds one is refused by name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { baseURL, type Server, startServer } from "./model.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const status = z.enum(["in_progress", "completed", "incomplete"]);
const textPart = z.object({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()),
});
const item = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), id: z.string(), status, role: z.literal("assistant"), content: z.array(textPart) }),
  z.object({ type: z.literal("function_call"), id: z.string(), call_id: z.string(), name: z.string(), arguments: z.string(), status }),
  z.object({ type: z.literal("reasoning"), id: z.string(), summary: z.array(z.unknown()) }),
]);
const count = z.int().nonnegative();

/** What the specification requires of a response, and the types it gives. */
const resource = z.object({
  id: z.string(),
  object: z.literal("response"),
  created_at: z.int(),
  completed_at: z.int().nullable(),
  status: z.string(),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  model: z.string(),
  previous_response_id: z.string().nullable(),
  instructions: z.string().nullable(),
  output: z.array(item),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  tools: z.array(
    z.object({
      type: z.literal("function"),
      name: z.string(),
      description: z.string().nullable(),
      parameters: z.record(z.string(), z.unknown()).nullable(),
      strict: z.boolean().nullable(),
    }),
  ),
  tool_choice: z.union([z.enum(["auto", "none", "required"]), z.object({ type: z.string() })]),
  truncation: z.enum(["auto", "disabled"]),
  parallel_tool_calls: z.boolean(),
  text: z.object({ format: z.object({ type: z.string() }) }),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.int(),
  temperature: z.number(),
  reasoning: z.object({ effort: z.string().nullable(), summary: z.string().nullable() }).nullable(),
  user: z.string().nullable(),
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      total_tokens: count,
      input_tokens_details: z.object({ cached_tokens: count }),
      output_tokens_details: z.object({ reasoning_tokens: count }),
    })
    .nullable(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.int().nullable(),
  store: z.boolean(),
  background: z.boolean(),
  service_tier: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  safety_identifier: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
});

const place = { output_index: count, sequence_number: count };
const inItem = { ...place, item_id: z.string() };
const inPart = { ...inItem, content_index: count };
const whole = z.object({ response: resource, sequence_number: count });
const eventTypes: Record<string, z.ZodType> = {
  "response.created": whole,
  "response.in_progress": whole,
  "response.completed": whole,
  "response.incomplete": whole,
  "response.output_item.added": z.object({ ...place, item }),
  "response.output_item.done": z.object({ ...place, item }),
  "response.content_part.added": z.object({ ...inPart, part: textPart }),
  "response.content_part.done": z.object({ ...inPart, part: textPart }),
  "response.output_text.delta": z.object({ ...inPart, delta: z.string(), logprobs: z.array(z.unknown()) }),
  "response.output_text.done": z.object({ ...inPart, text: z.string(), logprobs: z.array(z.unknown()) }),
  "response.function_call_arguments.delta": z.object({ ...inItem, delta: z.string() }),
  "response.function_call_arguments.done": z.object({ ...inItem, arguments: z.string() }),
};

const user = (content: unknown): object => ({ type: "message", role: "user", content });
const weather = {
  type: "function",
  name: "get_weather",
  description: "Get the current weather for a location",
  parameters: { type: "object", properties: { location: { type: "string", description: "The city, e.g. Oslo" } }, required: ["location"] },
};

const ask = (body: object): Promise<Response> => server.app.request(`${baseURL}/responses`, { method: "POST", body: JSON.stringify(body) });

async function completed(body: object): Promise<z.output<typeof resource>> {
  const response = await ask({ ...body, stream: false });
  expect(response.status).toBe(200);
  const parsed = resource.parse(await response.json());
  expect(parsed.status).toBe("completed");
  expect(parsed.output).not.toEqual([]);
  return parsed;
}

/** The events, each checked, and the response that they end in. */
async function streamed(body: object): Promise<{ events: { type: string; item?: { type: string } }[]; last: z.output<typeof resource> }> {
  const response = await ask({ ...body, stream: true });
  const blocks = (await response.text()).split("\n\n").filter((block) => block !== "");
  expect(blocks.pop()).toBe("data: [DONE]");
  const events = blocks.map((block) => {
    const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
    const event = JSON.parse(data!) as { type: string; item?: { type: string } };
    expect(event.type).toBe(name);
    expect(eventTypes, event.type).toHaveProperty([event.type]);
    eventTypes[event.type]!.parse(event);
    return event;
  });
  return { events, last: (events.at(-1) as unknown as { response: z.output<typeof resource> }).response };
}

describe("Open Responses", () => {
  it("basic-response", async () => {
    await completed({ model: "model", input: [user("Say hello in three words.")] });
  });

  it("streaming-response", async () => {
    const { last } = await streamed({ model: "model", input: [user("Count to five.")] });
    expect(last.status).toBe("completed");
  });

  it("system-prompt", async () => {
    const system = { type: "message", role: "system", content: "You are a pirate." };
    await completed({ model: "model", input: [system, user("Say hello.")] });
  });

  it("tool-calling", async () => {
    const { output } = await completed({ model: "model", input: [user("How is the weather in Oslo?")], tools: [weather], temperature: 0 });
    expect(output.map(({ type }) => type)).toContain("function_call");
  });

  it("tool-calling-streaming", async () => {
    const { events } = await streamed({ model: "model", input: [user("How is the weather in Oslo?")], tools: [weather], temperature: 0 });
    const seen = events.map(({ type, item: of }) => (of ? `${type} ${of.type}` : type));
    for (const wanted of [
      "response.output_item.added function_call",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.output_item.done function_call",
    ])
      expect(seen).toContain(wanted);
  });

  it("image-input is refused: these models read text", async () => {
    const response = await ask({
      model: "model",
      input: [
        user([
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: "data:image/png;base64," },
        ]),
      ],
    });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: "input", code: "unsupported_parameter" } }]);
  });

  it("multi-turn", async () => {
    const assistant = { type: "message", role: "assistant", content: "Hello Mina! How can I help you?" };
    await completed({ model: "model", input: [user("My name is Mina."), assistant, user("What is my name?")] });
  });
});
