/** POST /v1/responses and POST /v1/messages over a model that says what it is told to. */
import { describe, expect, it, vi } from "vitest";
import { ContextLengthError } from "../src/errors.ts";
import type { ReplyPart } from "../src/types.ts";
import { type Item, toMessages } from "../worker/responses/items.ts";
import { MAX_STORED_CHARACTERS, MAX_STORED_RESPONSES, ResponseStore } from "../worker/responses/store.ts";
import { appOf, fakeModel, type Script, usage } from "./server-fixtures.ts";

const thinksAndCalls: ReplyPart[] = [
  { type: "reasoning", index: 0, text: "h" },
  { type: "reasoning", index: 0, text: "m" },
  { type: "text", index: 0, text: "Let me look." },
  { type: "tool-call", index: 0, callIndex: 0, id: "call_1", name: "f" },
  { type: "tool-arguments", index: 0, callIndex: 0, json: '{"a":' },
  { type: "tool-arguments", index: 0, callIndex: 0, json: "1}" },
  { type: "tool-call", index: 0, callIndex: 1, id: "call_2", name: "g" },
  { type: "tool-arguments", index: 0, callIndex: 1, json: "{}" },
  { type: "finish", index: 0, finishReason: "tool_calls" },
  { type: "usage", usage },
];

type Event = Record<string, unknown> & { type: string };

function asker(script: Script): { post: (path: string, body: object) => Promise<Response>; asked: ReturnType<typeof fakeModel>["asked"] } {
  const fake = fakeModel(script);
  fake.model.countTokens = async () => 5;
  const app = appOf(fake.model);
  return { asked: fake.asked, post: (path, body) => app.request(`http://local${path}`, { method: "POST", body: JSON.stringify(body) }) };
}

async function eventsOf(response: Response): Promise<Event[]> {
  const text = await response.text();
  return text.split("\n\n").flatMap((event) => {
    const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
    if (data === undefined) return [];
    const parsed = JSON.parse(data) as Event;
    expect(parsed.type).toBe(name);
    return [parsed];
  });
}

describe("a response", () => {
  it("has an item for each thing that is said", async () => {
    const { post } = asker({ parts: thinksAndCalls });
    const { output, status } = (await (await post("/v1/responses", { input: "Hi" })).json()) as { output: object[]; status: string };
    expect(status).toBe("completed");
    expect(output).toMatchObject([
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "hm" }] },
      {
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "Let me look.", annotations: [] }],
      },
      { type: "function_call", call_id: "call_1", name: "f", arguments: '{"a":1}', status: "completed" },
      { type: "function_call", call_id: "call_2", name: "g", arguments: "{}", status: "completed" },
    ]);
  });

  it("streams them in the order that clients want", async () => {
    const { post } = asker({ parts: thinksAndCalls });
    const events = await eventsOf(await post("/v1/responses", { input: "Hi", stream: true }));
    const short = events.map(({ type, output_index: at }) => type.replace("response.", "") + (typeof at === "number" ? ` ${at}` : ""));
    expect(short).toEqual([
      "created",
      "in_progress",
      ...["output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.delta", "reasoning_text.done"].map(
        (name) => `${name} 0`,
      ),
      ...["content_part.done", "output_item.done"].map((name) => `${name} 0`),
      ...["output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done"].map(
        (name) => `${name} 1`,
      ),
      ...[
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
      ].map((name) => `${name} 2`),
      ...["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"].map(
        (name) => `${name} 3`,
      ),
      "completed",
    ]);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
  });

  it("that fails behind its first event ends failed", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { post } = asker({ parts: thinksAndCalls.slice(0, 3), error: new Error("a secret") });
    const events = await eventsOf(await post("/v1/responses", { input: "Hi", stream: true }));
    expect(events.slice(-2)).toMatchObject([
      { type: "error", code: "internal_error" },
      { type: "response.failed", response: { status: "failed", error: { code: "internal_error" } } },
    ]);
    expect(JSON.stringify(events)).not.toContain("secret");
    consoleError.mockRestore();
  });

  it("that fails for an option names the field", async () => {
    const { post } = asker({ parts: thinksAndCalls.slice(0, 3), error: new RangeError("maxTokens must be more") });
    const events = await eventsOf(await post("/v1/responses", { input: "Hi", stream: true }));
    const message = "max_output_tokens must be more";
    expect(events.slice(-2)).toMatchObject([
      { type: "error", param: "max_output_tokens", message },
      { type: "response.failed", response: { error: { message } } },
    ]);
  });

  it("has the log-probabilities of tokens that have no text yet", async () => {
    const token = { id: 1, text: "", bytes: [], logprob: -1, top: [] };
    const parts: ReplyPart[] = ["", "x"].map((text) => ({ type: "text", index: 0, text, logprobs: [token] }));
    const { post } = asker({ parts: [...parts, { type: "finish", index: 0, finishReason: "stop" }] });
    const answer = await post("/v1/responses", { input: "Hi", include: ["message.output_text.logprobs"] });
    const { output } = (await answer.json()) as { output: { content: { logprobs: object[] }[] }[] };
    expect(output[0]!.content[0]!.logprobs).toHaveLength(2);
  });

  it("that cannot begin is an error with a status", async () => {
    for (const stream of [true, false]) {
      const { post } = asker({ error: new ContextLengthError("too long", 9, 5) });
      const response = await post("/v1/responses", { input: "Hi", stream });
      expect([response.status, await response.json()]).toMatchObject([400, { error: { param: "input", code: "context_length_exceeded" } }]);
    }
  });

  it("takes items by reference, and tells the same conversation as one that names them", async () => {
    const { post, asked } = asker({ parts: thinksAndCalls });
    const first = (await (await post("/v1/responses", { input: "Hi" })).json()) as { id: string; output: { id: string }[] };
    const results = ["call_1", "call_2"].map((call_id) => ({ type: "function_call_output", call_id, output: "ok" }));
    const references = first.output.map(({ id }) => ({ type: "item_reference", id }));
    await post("/v1/responses", { input: [{ role: "user", content: "Hi" }, ...references, ...results] });
    await post("/v1/responses", { previous_response_id: first.id, input: results });
    expect(asked[1]!.messages).toEqual(asked[2]!.messages);
    expect(asked[1]!.messages).toEqual([
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: "Let me look.",
        reasoning_content: "hm",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":1}' } },
          { id: "call_2", type: "function", function: { name: "g", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "ok" },
      { role: "tool", tool_call_id: "call_2", content: "ok" },
    ]);
    const wrong = await post("/v1/responses", { previous_response_id: first.id, input: [...results, { type: "web_search_call" }] });
    expect(((await wrong.json()) as { error: { message: string } }).error.message).toMatch(/^input\[2\]: /); // as it was sent
    const unknown = await post("/v1/responses", { input: [{ type: "item_reference", id: "msg_none" }] });
    expect(await unknown.json()).toMatchObject({ error: { code: "item_not_found" } });
  });
});

describe("items", () => {
  it.each<[string, Item]>([
    ["an image", { role: "user", content: [{ type: "input_image", image_url: "" }] }],
    ["a role that is none", { role: "robot", content: "" }],
    ["a role of a tool", { role: "tool", content: "" }],
    ["no content", { role: "user" }],
    ["a part without text", { role: "user", content: [{ type: "input_text" }] }],
    ["a part that is none", { role: "user", content: [null] }],
    ["a call without an id", { type: "function_call", name: "f", arguments: "{}" }],
    ["a call without a name", { type: "function_call", call_id: "1", arguments: "{}" }],
    ["a call without arguments", { type: "function_call", call_id: "1", name: "f" }],
    ["a result without an id", { type: "function_call_output", output: "" }],
    ["a result without output", { type: "function_call_output", call_id: "1" }],
    ["another type", { type: "computer_call" }],
    ["no type", {}],
  ])("with %s are refused", (_, item) => {
    expect(() => toMessages([item])).toThrow(expect.objectContaining({ status: 400, param: "input" }));
  });

  it("of an assistant's turn are one message, in any order", () => {
    expect(
      toMessages([
        {
          role: "assistant",
          content: [
            { type: "output_text", text: "a" },
            { type: "refusal", refusal: "b" },
          ],
        },
      ]),
    ).toEqual([{ role: "assistant", content: "ab" }]);
    expect(
      toMessages([
        { type: "reasoning", summary: [{ type: "summary_text", text: "s" }] },
        { type: "message", role: "assistant", content: "a" },
      ]),
    ).toEqual([{ role: "assistant", content: "a", reasoning_content: "s" }]);
  });
});

describe("the store", () => {
  const response = { id: "r" };

  it("keeps so many, and forgets those that were unused longest", () => {
    const store = new ResponseStore();
    for (let i = 0; i < MAX_STORED_RESPONSES; i++) store.add(`r${i}`, { response, items: [{ id: `i${i}` }], previous: undefined });
    expect(store.conversation("r0")).toEqual([{ id: "i0" }]); // is used
    store.add("new", { response, items: [], previous: "r0" });
    expect(() => store.conversation("r1")).toThrow(expect.objectContaining({ code: "previous_response_not_found" }));
    expect(() => store.resolve([{ type: "item_reference", id: "i1" }])).toThrow(expect.objectContaining({ code: "item_not_found" }));
    expect(store.conversation("new")).toEqual([{ id: "i0" }]);
  });

  it("keeps an item that a later response refers to", () => {
    const store = new ResponseStore();
    store.add("a", { response, items: [{ id: "i" }], previous: undefined });
    store.add("b", { response, items: store.resolve([{ type: "item_reference", id: "i" }]), previous: undefined });
    store.delete("a");
    expect(store.resolve([{ type: "item_reference", id: "i" }])).toEqual([{ id: "i" }]);
    store.delete("b");
    expect(() => store.resolve([{ type: "item_reference", id: "i" }])).toThrow(expect.objectContaining({ code: "item_not_found" }));
  });

  it("keeps so much text, and nothing that is larger alone", () => {
    const store = new ResponseStore();
    const half = [{ text: "x".repeat(MAX_STORED_CHARACTERS / 2) }];
    store.add("a", { response, items: half, previous: undefined });
    store.add("b", { response, items: half, previous: undefined });
    expect(() => store.get("a")).toThrow(expect.objectContaining({ status: 404 }));
    expect(store.get("b")).toBe(response);
    store.add("c", { response, items: [...half, ...half], previous: undefined });
    expect(() => store.get("c")).toThrow(expect.objectContaining({ status: 404 }));
    expect(store.get("b")).toBe(response);
  });
});

describe("a message of Anthropic's", () => {
  const body = { messages: [{ role: "user", content: "Hi" }], max_tokens: 9 };

  it("streams its blocks, thinking only for who asks", async () => {
    const { post } = asker({ parts: thinksAndCalls });
    const seen = async (more: object): Promise<unknown[]> => {
      const events = await eventsOf(await post("/v1/messages", { ...body, ...more, stream: true }));
      expect(events[0]).toMatchObject({ type: "message_start", message: { content: [], usage: { input_tokens: 5, output_tokens: 0 } } });
      expect(events.slice(-2)).toMatchObject([
        { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { input_tokens: 5, output_tokens: 3 } },
        { type: "message_stop" },
      ]);
      return events.slice(1, -2).map((event) => {
        const {
          index,
          content_block: block,
          delta,
        } = event as { index?: number; content_block?: { type: string }; delta?: { type: string } };
        return `${index} ${block?.type ?? delta?.type ?? "stop"}`;
      });
    };
    const rest = (at: number): string[] => [
      ...["text", "text_delta", "stop"].map((what) => `${at} ${what}`),
      ...["tool_use", "input_json_delta", "input_json_delta", "stop"].map((what) => `${at + 1} ${what}`),
      ...["tool_use", "input_json_delta", "stop"].map((what) => `${at + 2} ${what}`),
    ];
    expect(await seen({})).toEqual(rest(0));
    expect(await seen({ thinking: { type: "adaptive" } })).toEqual([
      "0 thinking",
      "0 thinking_delta",
      "0 thinking_delta",
      "0 stop",
      ...rest(1),
    ]);
    expect(await seen({ thinking: { type: "adaptive", display: "omitted" } })).toEqual(["0 thinking", "0 stop", ...rest(1)]);
  });

  it("becomes the library's options and messages", async () => {
    const { post, asked } = asker({ reply: { content: "ok" } });
    const tools = [{ name: "f", description: "d", input_schema: { type: "object" } }];
    const history = [
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "" },
          { type: "text", text: "a" },
          { type: "tool_use", id: "1", name: "f", input: { x: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "text", text: "and?" },
          { type: "tool_result", tool_use_id: "1", content: "no", is_error: true },
        ],
      },
    ];
    const response = await post("/v1/messages", {
      ...body,
      messages: history,
      system: "Be brief.",
      tools,
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      stop_sequences: ["\n"],
      top_k: 3,
      metadata: { user_id: "me" },
      output_config: { format: { type: "json_schema", schema: { type: "string" } } },
      unheard: 1,
    });
    expect([response.status, response.headers.get("x-ignored-params")]).toEqual([200, "unheard"]);
    expect(asked[0]).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: "a",
          reasoning_content: "hm",
          tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: { x: 1 } } }],
        },
        { role: "tool", tool_call_id: "1", content: "Error: no" },
        { role: "user", content: [{ type: "text", text: "and?" }] },
      ],
      options: {
        maxTokens: 9,
        stop: ["\n"],
        topK: 3,
        tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
        toolChoice: "required",
        parallelToolCalls: false,
        responseFormat: { type: "json_schema", schema: { type: "string" } },
        signal: expect.any(AbortSignal),
      },
    });
  });

  it("that fails has the shape of its API, whole and in a stream", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { post } = asker({ parts: thinksAndCalls.slice(0, 3), error: new Error("a secret") });
    const whole = await post("/v1/messages", body);
    expect([whole.status, await whole.json()]).toEqual([
      500,
      { type: "error", error: { type: "api_error", message: expect.stringMatching(/^[^\n]+$/) } },
    ]);
    const events = await eventsOf(await post("/v1/messages", { ...body, stream: true }));
    expect(events.at(-1)).toEqual({ type: "error", error: { type: "api_error", message: expect.not.stringContaining("secret") } });
    consoleError.mockRestore();
  });
});
