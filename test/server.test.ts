import { describe, expect, it, vi } from "vitest";
import { TemplateError } from "../src/chat/template-error.ts";
import { ContextLengthError, OutOfMemoryError, UnsupportedError } from "../src/errors.ts";
import type { ReplyPart } from "../src/types.ts";
import { appOf, events, fakeModel, hello, post, usage } from "./server-fixtures.ts";

const saidHello: ReplyPart[] = [
  { type: "text", index: 0, text: "Hel" },
  { type: "text", index: 0, text: "lo" },
  { type: "finish", index: 0, finishReason: "stop" },
  { type: "usage", usage },
];

async function errorOf(
  response: Response | Promise<Response>,
): Promise<{ status: number; message: string; type: string; param: string | null; code: string | null }> {
  const answered = await response;
  const { error } = (await answered.json()) as { error: { message: string; type: string; param: string | null; code: string | null } };
  expect(error.message).not.toContain("\n");
  return { status: answered.status, ...error };
}

describe("a whole reply", () => {
  it("has OpenAI's shape", async () => {
    const response = await post(appOf(fakeModel({ reply: { content: "Hello" } }).model), hello);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "fake",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello", refusal: null }, logprobs: null, finish_reason: "stop" }],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 3,
        total_tokens: 8,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
    });
  });

  it("has reasoning, calls with their arguments as text, and null where nothing was said", async () => {
    const toolCalls = [{ id: "call_1", name: "get_time", arguments: { city: "Seoul" } }];
    const reply = { reasoning: "hm", toolCalls, finishReason: "tool_calls" } as const;
    const response = await post(appOf(fakeModel({ reply }).model), hello);
    const { choices } = (await response.json()) as { choices: unknown[] };
    expect(choices[0]).toMatchObject({
      message: {
        content: null,
        reasoning_content: "hm",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "get_time", arguments: '{"city":"Seoul"}' } }],
      },
      finish_reason: "tool_calls",
    });
  });

  it("has log-probabilities", async () => {
    const token = { id: 1, text: "a", bytes: [97], logprob: -0.5 };
    const response = await post(appOf(fakeModel({ reply: { content: "a", logprobs: [{ ...token, top: [token] }] } }).model), hello);
    const { choices } = (await response.json()) as { choices: { logprobs: unknown }[] };
    const entry = { token: "a", logprob: -0.5, bytes: [97] };
    expect(choices[0]?.logprobs).toEqual({ content: [{ ...entry, top_logprobs: [entry] }], refusal: null });
  });

  it("that was cut off is no reply", async () => {
    const response = post(appOf(fakeModel({ reply: { content: "Hel", finishReason: "abort" } }).model), hello);
    expect(await errorOf(response)).toMatchObject({ status: 503, type: "server_error", code: "shutting_down" });
  });
});

describe("a streamed reply", () => {
  it("is role, text, the reason of its end, [DONE]", async () => {
    const response = await post(appOf(fakeModel({ parts: saidHello }).model), { ...hello, stream: true });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const all = await events(response);
    expect(all.pop()).toBe("[DONE]");
    const choices = all.map((chunk) => (chunk as { choices: unknown[] }).choices);
    expect(choices).toEqual([
      [{ index: 0, delta: { role: "assistant", content: "", refusal: null }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: "Hel" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: "lo" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }],
    ]);
    expect(all.every((chunk) => !("usage" in (chunk as object)))).toBe(true);
  });

  it("ends in the usage, with no choices, where that is asked for", async () => {
    const body = { ...hello, stream: true, stream_options: { include_usage: true } };
    const all = await events(await post(appOf(fakeModel({ parts: saidHello }).model), body));
    expect(all.slice(0, -2).every((chunk) => (chunk as { usage: unknown }).usage === null)).toBe(true);
    expect(all.at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 } });
  });

  it("has calls, their arguments in pieces, and reasoning", async () => {
    const parts: ReplyPart[] = [
      { type: "reasoning", index: 0, text: "hm" },
      { type: "tool-call", index: 0, callIndex: 0, id: "call_1", name: "f" },
      { type: "tool-arguments", index: 0, callIndex: 0, json: '{"a"' },
      { type: "tool-arguments", index: 0, callIndex: 0, json: ":1}" },
      { type: "finish", index: 0, finishReason: "tool_calls" },
    ];
    const all = await events(await post(appOf(fakeModel({ parts }).model), { ...hello, stream: true }));
    const deltas = all.slice(1, -2).map((chunk) => (chunk as { choices: { delta: unknown }[] }).choices[0]?.delta);
    expect(deltas).toEqual([
      { reasoning_content: "hm" },
      { tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] },
    ]);
  });

  it("says the role of each choice first", async () => {
    const all = await events(await post(appOf(fakeModel({ parts: saidHello }).model), { ...hello, n: 2, stream: true }));
    const first = all.slice(0, 2).map((chunk) => (chunk as { choices: { index: number; delta: { role?: string } }[] }).choices[0]);
    expect(first.map((choice) => [choice?.index, choice?.delta.role])).toEqual([
      [0, "assistant"],
      [1, "assistant"],
    ]);
  });

  it("that fails before its first byte is an answer with a status", async () => {
    const app = appOf(fakeModel({ error: new ContextLengthError("too long", 10, 5) }).model);
    expect(await errorOf(post(app, { ...hello, stream: true }))).toMatchObject({ status: 400, code: "context_length_exceeded" });
  });

  it("that fails behind its first byte ends in an event that says so", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const app = appOf(fakeModel({ parts: saidHello.slice(0, 1), error: new Error("a secret of the inside") }).model);
    const all = await events(await post(app, { ...hello, stream: true }));
    expect(all.at(-1)).toMatchObject({ error: { type: "server_error", code: "internal_error" } });
    expect(JSON.stringify(all)).not.toContain("secret");
    expect(consoleError).toHaveBeenCalledOnce();
    consoleError.mockRestore();
  });

  it("stops when its reader leaves, while a token is waited for", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    let resolve = (): void => {};
    const until = new Promise<void>((done) => {
      resolve = done;
    });
    const fake = fakeModel({ parts: saidHello.slice(0, 1), until });
    const response = await post(appOf(fake.model), { ...hello, stream: true });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.read();
    const signal = fake.asked[0]!.options.signal!;
    signal.addEventListener("abort", () => resolve()); // as the engine does
    await new Promise((later) => setTimeout(later)); // the stream asks for the next
    await reader.cancel();
    expect(signal.aborted).toBe(true);
    expect(fake.ended()).toBe(1);
    await new Promise((later) => setTimeout(later));
    expect(consoleError).not.toHaveBeenCalled(); // to leave is no error
    consoleError.mockRestore();
  });

  it("stops when its request is aborted", async () => {
    const fake = fakeModel({ parts: saidHello });
    const left = new AbortController();
    await post(appOf(fake.model), { ...hello, stream: true }, { signal: left.signal });
    left.abort();
    expect(fake.asked[0]!.options.signal?.aborted).toBe(true);
  });

  it("is made no faster than it is read", async () => {
    let made = 0;
    const parts = (function* () {
      for (; made < 1000; made++) yield { type: "text", index: 0, text: "x" } as const;
    })();
    const response = await post(appOf(fakeModel({ parts: parts as unknown as ReplyPart[] }).model), { ...hello, stream: true });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.read();
    expect(made).toBeLessThan(10);
    await reader.cancel();
  });
});

describe("a request", () => {
  it("reaches the model as messages and options", async () => {
    const fake = fakeModel();
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    await post(appOf(fake.model), {
      ...hello,
      temperature: 0.5,
      top_k: 40,
      top_p: 0.9,
      min_p: 0.1,
      typical_p: 0.95,
      repetition_penalty: 1.1,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      logit_bias: { "5": -1 },
      seed: 7,
      stop: ["a"],
      stop_token_ids: [3],
      n: 1,
      max_tokens: 9,
      min_tokens: 1,
      ignore_eos: true,
      logprobs: true,
      top_logprobs: 2,
      tools,
      tool_choice: "auto",
      chat_template_kwargs: { preserve_thinking: true },
      user: "somebody",
    });
    const { messages, options } = fake.asked[0]!;
    expect(messages).toEqual(hello.messages);
    expect(options).toEqual({
      temperature: 0.5,
      topK: 40,
      topP: 0.9,
      minP: 0.1,
      typicalP: 0.95,
      repetitionPenalty: 1.1,
      presencePenalty: 0.2,
      frequencyPenalty: 0.3,
      logitBias: { "5": -1 },
      seed: 7,
      stop: ["a"],
      stopTokenIds: [3],
      n: 1,
      maxTokens: 9,
      minTokens: 1,
      ignoreEos: true,
      logprobs: 2,
      tools,
      toolChoice: "auto",
      templateArguments: { preserve_thinking: true },
      signal: expect.any(AbortSignal),
    });
  });

  it("may have OpenAI's widest values", async () => {
    const fake = fakeModel();
    const app = appOf(fake.model);
    const large = '{"messages":[{"role":"user","content":"Hi"}],"seed":9223372036854775807,"top_p":0}';
    expect((await post(app, large)).status).toBe(200);
    const { seed, topP } = fake.asked[0]!.options;
    expect([Number.isSafeInteger(seed), topP]).toEqual([true, Number.EPSILON]);
    for (const seed of [1.5, 5e-324, 1e-9])
      expect(await (await post(app, { ...hello, seed })).json()).toMatchObject({ error: { param: "seed", code: "invalid_value" } });
  });

  it("may hold nulls, which ask for nothing", async () => {
    const fake = fakeModel();
    const nulls = {
      temperature: null,
      stop: null,
      tools: null,
      tool_choice: null,
      stream: null,
      response_format: null,
      model: null,
      n: null,
      logprobs: null,
    };
    expect((await post(appOf(fake.model), { ...hello, ...nulls })).status).toBe(200);
    expect(Object.keys(fake.asked[0]!.options)).toEqual(["signal"]);
  });

  it("prefers max_completion_tokens, and names a tool to call as the library does", async () => {
    const fake = fakeModel();
    await post(appOf(fake.model), {
      ...hello,
      max_tokens: 1,
      max_completion_tokens: 2,
      tools: [{ type: "function", function: { name: "f" } }],
      tool_choice: { type: "function", function: { name: "f" } },
    });
    expect(fake.asked[0]!.options).toMatchObject({ maxTokens: 2, toolChoice: { name: "f" } });
  });

  it.each([
    [{ response_format: { type: "json_object" } }, { type: "json_object" }],
    [
      { response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "string" }, strict: true } } },
      { type: "json_schema", schema: { type: "string" } },
    ],
    [{ response_format: { type: "json_schema", schema: { type: "string" } } }, { type: "json_schema", schema: { type: "string" } }],
    [{ response_format: { type: "json_schema", schema: false } }, { type: "json_schema", schema: false }],
    [{ response_format: { type: "json_object", schema: { type: "object" } } }, { type: "json_schema", schema: { type: "object" } }],
    [{ json_schema: { type: "string" } }, { type: "json_schema", schema: { type: "string" } }],
    [{ guided_json: '{"type": "string"}' }, { type: "json_schema", schema: { type: "string" } }],
    [{ guided_regex: "a+" }, { type: "regex", pattern: "a+" }],
    [{ guided_choice: ["a", "b"] }, { type: "choice", choices: ["a", "b"] }],
    [{ grammar: "root ::= x" }, { type: "gbnf", grammar: "root ::= x" }],
    [{ structured_outputs: { json: true } }, { type: "json_schema", schema: true }],
    [{ structured_outputs: { choice: ["a"] } }, { type: "choice", choices: ["a"] }],
    [{ structured_outputs: { json_object: true } }, { type: "json_object" }],
    [{ response_format: { type: "text" }, grammar: "" }, undefined],
  ])("holds a reply to a form in any of the ways to say so: %j", async (body, responseFormat) => {
    const fake = fakeModel();
    expect((await post(appOf(fake.model), { ...hello, ...body })).status).toBe(200);
    expect(fake.asked[0]!.options.responseFormat).toEqual(responseFormat);
  });

  it.each([
    [{ max_completion_tokens: -1 }, new RangeError("maxTokens must be 0 or more"), "max_completion_tokens must be 0 or more"],
    [{ max_thinking_tokens: -1 }, new RangeError("maxThinkingTokens must be 0 or more"), "max_thinking_tokens must be 0 or more"],
    [{ guided_choice: [] }, new RangeError("responseFormat.choices must hold one"), "guided_choice must hold one"],
    [{ grammar: "root" }, new UnsupportedError("responseFormat: line 1 is bad", "responseFormat"), "grammar: line 1 is bad"],
    [{ json_schema: {} }, new UnsupportedError("responseFormat.schema.not is bad", "responseFormat"), "json_schema.not is bad"],
    [
      { response_format: { type: "json_schema", json_schema: { schema: {} } } },
      new UnsupportedError("responseFormat.schema.not is bad", "responseFormat"),
      "response_format.json_schema.schema.not is bad",
    ],
    [
      { response_format: { type: "json_object", schema: {} } },
      new UnsupportedError("responseFormat.schema.not is bad", "responseFormat"),
      "response_format.schema.not is bad",
    ],
    [
      { structured_outputs: { json: {} } },
      new UnsupportedError("responseFormat.schema.not is bad", "responseFormat"),
      "structured_outputs.json.not is bad",
    ],
  ])("is told what is wrong with it by the names that it used: %j", async (body, error, message) => {
    const { model } = fakeModel();
    const told = await errorOf(post(appOf({ ...model, chat: () => Promise.reject(error) }), { ...hello, ...body, max_tokens: 1 }));
    const given = body as { max_completion_tokens?: number };
    // What the door finds by itself is worded by the library.
    if (given.max_completion_tokens !== undefined || "max_thinking_tokens" in body)
      expect(told.message.split(" ")[0]).toBe(message.split(" ")[0]);
    else expect(told.message).toBe(message);
    expect(told.param).toBe(/^\w+/.exec(message)![0]);
  });

  it.each([
    [{ response_format: { type: "xml" } }, /^response_format\.type: .*"text"; or .*"json_object"; or .*"json_schema"$/],
    [{ response_format: { type: "json_schema" } }, /^response_format\.json_schema: .*expected object, received undefined/],
    [{ response_format: { type: "json_object", schema: 3 } }, /^response_format\.schema: .*received number/],
    [{ tool_choice: "any" }, /^tool_choice: .*"auto"\|"none"\|"required"/],
    [{ tool_choice: { type: "function" } }, /^tool_choice\.function: .*expected object/],
    [{ stop: 3 }, /^stop: .*expected string.*; or .*expected array/],
  ])("is told which of several forms it may have: %j", async (body, message) => {
    expect((await errorOf(post(appOf(fakeModel().model), { ...hello, ...body }))).message).toMatch(message);
  });

  it("may allow some of the tools only", async () => {
    const fake = fakeModel();
    const [f, g] = ["f", "g"].map((name) => ({ type: "function", function: { name } }));
    const choice = { type: "allowed_tools", allowed_tools: { mode: "required", tools: [g] } };
    await post(appOf(fake.model), { ...hello, tools: [f, g], tool_choice: choice, parallel_tool_calls: false });
    expect(fake.asked[0]!.options).toMatchObject({ tools: [g], toolChoice: "required", parallelToolCalls: false });
  });

  it("with fields that nothing knows is answered, and they are named", async () => {
    const body = { ...hello, größe: 1, mirostat: 2, stream_options: { every: 3 }, store: true, verbosity: "low", nothing: null };
    const response = await post(appOf(fakeModel().model), body);
    expect(response.headers.get("x-ignored-params")).toBe("stream_options.every, gr%C3%B6%C3%9Fe, mirostat");
    expect((await post(appOf(fakeModel().model), { ...hello, metadata: {}, user: "me" })).headers.get("x-ignored-params")).toBeNull();
    const inner = { response_format: { type: "text", foo: 1 }, tool_choice: { type: "function", function: { name: "f", bar: 1 } } };
    const tools = [{ type: "function", function: { name: "f" } }];
    const nested = await post(appOf(fakeModel().model), { ...hello, ...inner, tools });
    expect(nested.headers.get("x-ignored-params")).toBe("tool_choice.function.bar, response_format.foo");
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field_${i}`, 1]));
    const header = (await post(appOf(fakeModel().model), { ...hello, ...many })).headers.get("x-ignored-params")!;
    expect(header).toMatch(/^field_0, field_1, .*, \d+ more$/);
    expect(header.length).toBeLessThan(1000);
  });

  it.each([
    ["none", 0],
    ["minimal", 128],
    ["low", 512],
    ["medium", undefined],
    ["high", undefined],
  ])("with the reasoning effort %s caps the thinking of a model that thinks", async (effort, maxThinkingTokens) => {
    for (const reasoning of [true, false]) {
      const fake = fakeModel();
      Object.assign(fake.model.info, { reasoning });
      await post(appOf(fake.model), { ...hello, reasoning_effort: effort });
      expect(fake.asked[0]!.options.maxThinkingTokens).toBe(reasoning ? maxThinkingTokens : undefined);
    }
  });

  it.each([
    ["no JSON", "{", null],
    ["an empty body", "", null],
    ["a list", "[]", null],
    ["no messages", {}, "messages"],
    ["an empty list of messages", { messages: [] }, "messages"],
    ["a message without a role", { messages: [{}] }, "messages"],
    ["text for a number", { ...hello, temperature: "hot" }, "temperature"],
    ["a fraction for a whole number", { ...hello, max_tokens: 1.5 }, "max_tokens"],
    ["a tool without a name", { ...hello, tools: [{ type: "function", function: {} }] }, "tools"],
    ["alternatives without log-probabilities", { ...hello, top_logprobs: 2 }, "top_logprobs"],
    ["audio", { ...hello, modalities: ["text", "audio"] }, "modalities"],
    ["functions of old", { ...hello, functions: [] }, "functions"],
    ["web search", { ...hello, web_search_options: {} }, "web_search_options"],
    ["moderation", { ...hello, moderation: {} }, "moderation"],
    ["two forms at once", { ...hello, grammar: "root ::= x", guided_regex: "x" }, "grammar"],
    ["a schema that is no JSON", { ...hello, guided_json: "{" }, "guided_json"],
    ["a call of nothing", { ...hello, tool_choice: "required" }, "tool_choice"],
    ["a call of a tool that is not there", { ...hello, tool_choice: { type: "function", function: { name: "g" } } }, "tool_choice"],
  ])("with %s is refused by name", async (_, body, param) => {
    const fake = fakeModel();
    expect(await errorOf(post(appOf(fake.model), body))).toMatchObject({ status: 400, type: "invalid_request_error", param });
    expect(fake.asked).toEqual([]);
  });

  it.each([
    [new ContextLengthError("the prompt has 9 tokens", 9, 5), 400, "messages", "context_length_exceeded"],
    [new TemplateError("messages[0].role is bad"), 400, "messages", "invalid_value"],
    [new UnsupportedError("toolChoice is not supported: no", "toolChoice"), 400, "tool_choice", "unsupported_parameter"],
    [new RangeError("topP must be above 0, not 2"), 400, "top_p", "invalid_value"],
    [new OutOfMemoryError("no memory", 2, 1), 503, null, "out_of_memory"],
  ])("that the library answers with %o is told why", async (error, status, param, code) => {
    const told = await errorOf(post(appOf(fakeModel({ error }).model), hello));
    expect(told).toMatchObject({ status, param, code });
    expect(told.message).toBe(error.message.replace(/^topP|^toolChoice/, param ?? ""));
  });

  it.each([new Error("at /home/secret"), new RangeError("Invalid typed array length"), new TypeError("x is undefined")])(
    "that breaks something gets no details: %o",
    async (error) => {
      const consoleError = vi.spyOn(console, "error").mockReturnValue();
      const told = await errorOf(post(appOf(fakeModel({ error }).model), hello));
      expect(told).toMatchObject({ status: 500, type: "server_error", code: "internal_error" });
      expect(told.message).not.toContain(error.message);
      expect(consoleError).toHaveBeenCalledWith(error);
      consoleError.mockRestore();
    },
  );

  it.each([101, 100_000, 1_000_000])("that nests %d levels deep is refused", async (depth) => {
    const body = `{"messages":[{"role":"user","content":"x"}],"tools":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const told = await errorOf(post(appOf(fakeModel().model), body));
    expect(told).toMatchObject({ status: 400, code: "invalid_json", message: expect.stringContaining("nests deeper") });
  });

  it("too large is not read, whether its length is known or not", async () => {
    const app = appOf(fakeModel().model, { limits: { maxBodyBytes: 100 } });
    const body = JSON.stringify({ ...hello, user: "x".repeat(100) });
    const stream = new Blob([body]).stream();
    const bodies: RequestInit[] = [
      { body, headers: { "content-length": String(body.length) } },
      { body },
      { body: stream, duplex: "half" } as RequestInit,
    ];
    for (const init of bodies) {
      expect(await errorOf(app.request("http://local/v1/chat/completions", { method: "POST", ...init }))).toMatchObject({
        status: 413,
        code: "body_too_large",
      });
    }
    expect((await post(app, hello)).status).toBe(200);
  });
});

describe("models", () => {
  const [a, b] = [fakeModel({}, "a"), fakeModel({}, "b")];
  const app = appOf({ first: a.model, second: b.model });

  it("are listed", async () => {
    const response = await app.request("http://local/v1/models");
    const entry = { object: "model", created: expect.any(Number), owned_by: "lfm-edge", context_length: 8192 };
    expect(await response.json()).toMatchObject({
      object: "list",
      has_more: false,
      first_id: "first",
      last_id: "second",
      data: [
        { id: "first", ...entry },
        { id: "second", ...entry },
      ],
    });
  });

  it("are chosen by name, the first where there is none", async () => {
    expect(await (await post(app, { ...hello, model: "second" })).json()).toMatchObject({ model: "second" });
    expect(await (await post(app, hello)).json()).toMatchObject({ model: "first" });
    expect([a.asked.length, b.asked.length]).toEqual([1, 1]);
  });

  it.each(["third", "", "toString", "__proto__"])("that are not there are not found: %j", async (model) => {
    expect(await errorOf(post(app, { ...hello, model }))).toMatchObject({ status: 404, param: "model", code: "model_not_found" });
  });
});

describe("addresses", () => {
  const app = appOf(fakeModel().model, { apiKeys: ["key-one", "key-two"] });
  const authorized = { headers: { authorization: "Bearer key-two" } };

  it("that are unknown, and methods that are wrong, are told so", async () => {
    expect(await errorOf(app.request("http://local/v1/nothing", authorized))).toMatchObject({ status: 404, code: "unknown_url" });
    const response = await app.request("http://local/v1/chat/completions", authorized);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await errorOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
  });

  it("want a key, but for /health", async () => {
    expect(await (await app.request("http://local/health")).json()).toEqual({ status: "ok" });
    expect((await app.request("http://local/v1/models", authorized)).status).toBe(200);
    for (const authorization of ["Bearer key-three", "Bearer key-", "Basic key-one", "key-one", "Bearer "]) {
      const told = await errorOf(app.request("http://local/v1/models", { headers: { authorization } }));
      expect(told).toMatchObject({ status: 401, type: "authentication_error", code: "invalid_api_key" });
    }
    expect((await app.request("http://local/v1/models")).status).toBe(401);
  });
});

describe("createApp", () => {
  const models = fakeModel().model;

  it("wants a model, keys that are some, and a limit that is one", () => {
    expect(() => appOf({})).toThrow(RangeError);
    expect(() => appOf(models, { apiKeys: [] })).toThrow(RangeError);
    expect(() => appOf(models, { apiKeys: [""] })).toThrow(RangeError);
    expect(() => appOf(models, { limits: { maxBodyBytes: 0 } })).toThrow("limits.maxBodyBytes must be a whole number from 1 up, not 0");
    expect(() => appOf(models, { limits: { replyTimeout: 2 ** 31 } })).toThrow(
      "limits.replyTimeout must be a whole number from 1 to 2147483647",
    );
    expect(() => appOf(models, { limits: { maxWaiting: 1 } as object })).toThrow("limits.maxWaiting is no limit");
    for (const origin of ["example.com", "https://example.com/", "null"])
      expect(() => appOf(models, { cors: [origin] })).toThrow(RangeError);
  });
});
