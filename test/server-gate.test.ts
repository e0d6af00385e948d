/** Who is let in, how often, how many at once, for how long; and what is told of it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AppOptions, ChatOptions, Choice, FinishReason, LogEntry, Message, Model, ReplyPart, Stats } from "../src/types.ts";
import { newKey } from "../worker/keys.ts";
import type { App } from "../worker/app.ts";
import { appOf, events, fakeModel, hello, post, usage } from "./server-fixtures.ts";

const said: ReplyPart[] = [
  { type: "text", index: 0, text: "Hello" },
  { type: "finish", index: 0, finishReason: "stop" },
  { type: "usage", usage },
];
const streamed = { ...hello, stream: true };

async function codeOf(response: Response | Promise<Response>): Promise<[number, string]> {
  const answer = await response;
  return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
}

const withKey = (key: string): RequestInit => ({ headers: { authorization: `Bearer ${key}` } });

/** Says a word, and the next when it is told to; an abort ends it as it ends a real one. */
function patientModel(maxSequences = 1) {
  const replies: { asked: Message[]; finish: () => void; signal: AbortSignal }[] = [];
  const running = async (asked: Message[], { signal = new AbortController().signal }: ChatOptions): Promise<FinishReason> => {
    return new Promise((resolve) => {
      replies.push({ asked, signal, finish: () => resolve("stop") });
      if (signal.aborted) resolve("abort");
      signal.addEventListener("abort", () => resolve("abort"));
    });
  };
  const { model } = fakeModel();
  const patient: Model = {
    ...model,
    info: { ...model.info, maxSequences },
    stats: () => ({ prefillTokensPerSecond: 9, decodeTokensPerSecond: 8, peakMemoryBytes: 7, bytesRead: 6, expertHitRate: null }) as Stats,
    async chat(messages, options = {}) {
      const choice: Choice = { index: 0, content: "Hello", reasoning: null, toolCalls: [], finishReason: await running(messages, options) };
      return { ...choice, usage, choices: [choice] };
    },
    async *chatStream(messages, options = {}) {
      yield { type: "text", index: 0, text: "Hello" };
      yield { type: "finish", index: 0, finishReason: await running(messages, options) };
      yield { type: "usage", usage };
    },
  };
  return { model: patient, replies };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] }));
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0); // what ended keeps no timer
  vi.useRealTimers();
});

describe("keys", () => {
  it("are sent as OpenAI's clients and as Anthropic's send them", async () => {
    const app = appOf(fakeModel().model, { apiKeys: ["secret"] });
    expect((await post(app, hello, withKey("secret"))).status).toBe(200);
    expect((await post(app, hello, { headers: { "x-api-key": "secret" } })).status).toBe(200);
    expect(await codeOf(post(app, hello, { headers: { "x-api-key": "other" } }))).toEqual([401, "invalid_api_key"]);
    expect(await codeOf(post(app, hello, withKey("x".repeat(100_000))))).toEqual([401, "invalid_api_key"]);
    expect(await codeOf(post(app, hello))).toEqual([401, "invalid_api_key"]);
  });

  it("may be kept as hashes, which are no keys themselves", async () => {
    const { key, hash } = await newKey();
    expect([key, hash]).toEqual([expect.stringMatching(/^lfm-[0-9a-f]{64}$/), expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
    const app = appOf(fakeModel().model, { apiKeys: ["another", hash] });
    expect((await post(app, hello, withKey(key))).status).toBe(200);
    for (const wrong of [hash, hash.slice(7), `${key}0`]) expect((await post(app, hello, withKey(wrong))).status).toBe(401);
  });

  it("send whoever looks whether a server is there to what it answers", async () => {
    const answer = await appOf(fakeModel().model, { apiKeys: ["secret"] }).request("http://local/");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/docs"]);
  });

  it("guard all but what anybody may see", async () => {
    const app = appOf(fakeModel().model, { apiKeys: ["secret"] });
    for (const path of ["/v1/models", "/metrics", "/nothing"]) expect((await app.request(`http://local${path}`)).status).toBe(401);
    expect((await app.request("http://local/health")).status).toBe(200);
  });

  it("may be for some models only", async () => {
    const [a, b] = [fakeModel({}, "a"), fakeModel({}, "b")];
    const app = appOf(
      { a: a.model, b: b.model },
      {
        apiKeys: [
          { key: "only-b", models: ["b"] },
          { key: "none", models: ["c"] },
        ],
      },
    );
    expect(await (await post(app, hello, withKey("only-b"))).json()).toMatchObject({ model: "b" });
    expect(await codeOf(post(app, { ...hello, model: "a" }, withKey("only-b")))).toEqual([403, "model_not_allowed"]);
    expect(await codeOf(post(app, { ...hello, model: "z" }, withKey("only-b")))).toEqual([404, "model_not_found"]);
    expect(await codeOf(post(app, hello, withKey("none")))).toEqual([403, "model_not_allowed"]);
    const { data } = (await (await app.request("http://local/v1/models", withKey("only-b"))).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(["b"]);
    expect([a.asked.length, b.asked.length]).toEqual([0, 1]);
  });

  it("see what they have stored, and nothing of others", async () => {
    const { model } = fakeModel({ parts: said });
    const app = appOf({ fake: model }, { apiKeys: ["a", "b"] });
    const respond = (key: string, body: object): Promise<Response> =>
      app.request("http://local/v1/responses", { method: "POST", body: JSON.stringify(body), ...withKey(key) });
    const item = { id: "msg_1", type: "message", role: "user", content: "a secret" };
    const { id } = (await (await respond("a", { input: [item] })).json()) as { id: string };
    const reference = { input: [{ type: "item_reference", id: "msg_1" }] };
    expect((await respond("a", { input: "Hi", previous_response_id: id })).status).toBe(200);
    expect((await respond("a", reference)).status).toBe(200);
    expect(await codeOf(respond("b", { input: "Hi", previous_response_id: id }))).toEqual([400, "previous_response_not_found"]);
    expect(await codeOf(respond("b", reference))).toEqual([400, "item_not_found"]);
    const url = `http://local/v1/responses/${id}`;
    expect(await codeOf(app.request(url, withKey("b")))).toEqual([404, "response_not_found"]);
    expect(await codeOf(app.request(url, { method: "DELETE", ...withKey("b") }))).toEqual([404, "response_not_found"]);
    expect((await app.request(url, withKey("a"))).status).toBe(200);
    expect((await app.request(url, { method: "DELETE", ...withKey("a") })).status).toBe(200);
    expect((await app.request(url, withKey("a"))).status).toBe(404);
  });

  it.each<[unknown, RegExp]>([
    [[], /^apiKeys must hold from 1 to/],
    [["two words"], /^apiKeys\[0\]\.key: a key has no spaces/],
    [["good", { key: "" }], /^apiKeys\[1\]\.key: a key has no spaces/],
    [["sha256:5b1c"], /^apiKeys\[0\]\.key: .* 64 hexadecimal digits/],
    [[{ key: "x", name: "\n" }], /^apiKeys\[0\]\.name: a name has/],
    [[{ key: "x", requestsPerMinute: 0 }], /^apiKeys\[0\]\.requestsPerMinute: /],
    [[{ key: "x", tokensPerMinute: 1.5 }], /^apiKeys\[0\]\.tokensPerMinute: /],
    [[{ key: "x", models: [] }], /^apiKeys\[0\]\.models: /],
    [[{ key: "x", rpm: 3 }], /^apiKeys\[0\]: .*rpm/],
    [[7], /^apiKeys\[0\]: /],
    [{ key: "x" }, /^apiKeys must hold/],
  ])("%j are refused", (apiKeys, message) => {
    expect(() => appOf(fakeModel().model, { apiKeys: apiKeys as string[] })).toThrow(message);
  });
});

describe("rates", () => {
  it("of requests are told, and refused when they are used up", async () => {
    const app = appOf(fakeModel().model, { limits: { requestsPerMinute: 2 } });
    const first = await post(app, hello);
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith("x-ratelimit")))).toEqual({
      "x-ratelimit-limit-requests": "2",
      "x-ratelimit-remaining-requests": "1",
      "x-ratelimit-reset-requests": "30s",
    });
    await post(app, "{"); // a bad one is one too
    const refused = await post(app, hello);
    expect([refused.headers.get("retry-after"), refused.headers.get("x-ratelimit-remaining-requests")]).toEqual(["30", "0"]);
    expect(await refused.json()).toEqual({
      error: {
        message: "the limit of 2 requests per minute is reached; try again in 30 s",
        type: "rate_limit_error",
        param: null,
        code: "rate_limit_exceeded",
      },
    });
    expect((await app.request("http://local/v1/models")).status).toBe(200); // to look is free
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await post(app, hello)).status).toBe(200);
  });

  it("have the shape of the API that is asked", async () => {
    const app = appOf(fakeModel().model, { limits: { requestsPerMinute: 1 } });
    await post(app, hello);
    const refused = await app.request("http://local/v1/messages", { method: "POST", body: "{}" });
    expect([refused.status, await refused.json()]).toEqual([
      429,
      { type: "error", error: { type: "rate_limit_error", message: expect.stringContaining("try again in 60 s") } },
    ]);
  });

  it("of tokens are reckoned first and settled by what was said", async () => {
    const app = appOf(fakeModel({ reply: {}, parts: said }).model, { limits: { tokensPerMinute: 600 } });
    const headers = async (body: object): Promise<(string | null)[]> => {
      const response = await post(app, body);
      await response.text();
      return ["limit", "remaining", "reset"].map((what) => response.headers.get(`x-ratelimit-${what}-tokens`));
    };
    // 12 characters and 97 tokens; it comes to 5 and 3.
    expect(await headers({ ...hello, max_tokens: 97 })).toEqual(["600", "500", "10s"]);
    expect(await headers({ ...streamed, max_tokens: 97 })).toEqual(["600", "492", "10.8s"]);
    expect(await headers(hello)).toEqual(["600", "325", "27.5s"]); // 256 where it says nothing
  });

  it("of tokens are refused when they are used up; a reply that is larger than all waits for all", async () => {
    const app = appOf(fakeModel().model, { limits: { tokensPerMinute: 60 } });
    expect((await post(app, { ...hello, max_tokens: 5000 })).status).toBe(200); // it came to 8
    const refused = await post(app, { ...hello, max_tokens: 5000 });
    expect([await codeOf(refused.clone()), refused.headers.get("retry-after")]).toEqual([[429, "rate_limit_exceeded"], "8"]);
    expect((await post(app, { ...hello, max_tokens: 40 })).status).toBe(200);
  });

  it("of tokens are not charged for what is refused", async () => {
    const { model } = fakeModel({ error: new RangeError("topP must be at most 1") });
    const app = appOf(model, { limits: { tokensPerMinute: 600 } });
    const long = { messages: [{ role: "user", content: "x".repeat(1200) }] };
    expect((await post(app, { ...long, n: 0 })).status).toBe(400); // found at the door
    expect((await post(app, { ...long, max_tokens: 1 })).status).toBe(400); // and by the model
    const after = await post(app, { ...hello, max_tokens: 97 });
    expect(after.headers.get("x-ratelimit-remaining-tokens")).toBe("500"); // 12 characters and 97 tokens, of 600
  });

  it("count what was said when the client leaves", async () => {
    const { model } = patientModel();
    const app = appOf(model, { limits: { tokensPerMinute: 600 } });
    const left = new AbortController();
    await post(app, { ...streamed, max_tokens: 200 }, { signal: left.signal });
    left.abort();
    await settle();
    const next = await post(app, { ...streamed, max_tokens: 1 });
    await next.body!.cancel();
    expect(next.headers.get("x-ratelimit-remaining-tokens")).toBe(String(600 - 3 - 1 - 4)); // the prompt as reckoned, one part; this one
  });

  it("are each client's own: by key, by address", async () => {
    const app = appOf(fakeModel().model, { apiKeys: ["a", "b", { key: "c", requestsPerMinute: 2 }], limits: { requestsPerMinute: 1 } });
    const statuses: number[] = [];
    for (const key of ["a", "a", "b", "c", "c", "c"]) statuses.push((await post(app, hello, withKey(key))).status);
    expect(statuses).toEqual([200, 429, 200, 200, 200, 429]);
    const open = appOf(fakeModel().model, { limits: { requestsPerMinute: 1 } });
    const from = async (clientAddress: string): Promise<number> => {
      const request = new Request("http://local/v1/chat/completions", { method: "POST", body: JSON.stringify(hello) });
      return (await open.fetch(request, { clientAddress })).status;
    };
    expect([await from("10.0.0.1"), await from("10.0.0.1"), await from("10.0.0.2")]).toEqual([200, 429, 200]);
    // Who has an address of IPv6 has a whole network of them.
    expect([await from("2001:db8::1"), await from("2001:db8:0:0:5::2"), await from("2001:db8:0:1::1")]).toEqual([200, 429, 200]);
    expect([await from("::ffff:10.0.0.1"), await from("fe80::1%eth0"), await from("::1"), await from("::2")]).toEqual([429, 200, 200, 429]);
  });

  it("of tokens are taken for all prompts of a request before any is computed", async () => {
    const computed: unknown[] = [];
    const model: Model = {
      ...fakeModel().model,
      async *completeStream(prompt) {
        computed.push(prompt);
        await Promise.resolve();
        yield { type: "finish", index: 0, finishReason: "stop" };
        yield { type: "usage", usage };
      },
    };
    const app = appOf(model, { limits: { tokensPerMinute: 100 } });
    const complete = (count: number): Promise<Response> =>
      post(app, { prompt: Array.from({ length: count }, () => "four"), max_tokens: 16 }, {}, "/v1/completions");
    const whole = await complete(8); // more than all there is
    expect([whole.status, computed.length]).toEqual([200, 8]);
    await whole.text();
    await settle();
    const next = await complete(2); // 8 replies of 8 tokens were counted: 36 are left
    expect([next.status, next.headers.get("x-ratelimit-remaining-tokens"), computed.length]).toEqual([200, "2", 10]);
    await settle();
    expect([await codeOf(complete(2)), computed.length]).toEqual([[429, "rate_limit_exceeded"], 10]);
  });

  it("may be counted elsewhere", async () => {
    const takes: unknown[] = [];
    const limitStore: AppOptions["limitStore"] = {
      take: (...given) => {
        takes.push(given);
        return Promise.resolve({ allowed: true, remaining: 1, resetAfter: 0, retryAfter: 0 });
      },
    };
    const app = appOf(fakeModel().model, { limitStore, limits: { requestsPerMinute: 5, tokensPerMinute: 500 } });
    expect((await post(app, { ...hello, max_tokens: 7 })).status).toBe(200);
    expect(takes).toEqual([
      ["requests address ", 1, 5],
      ["tokens address ", 10, 500],
      ["tokens address ", -2, 500, true],
    ]);
  });
});

describe("turns", () => {
  it("come one after another, streamed or whole, and are free when a reply has ended", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model);
    const answers = [post(app, streamed), post(app, hello), post(app, streamed)];
    await settle();
    expect(replies).toHaveLength(0); // a stream begins when it is read
    const all = answers.map(async (answer) => (await answer).text());
    for (let i = 0; i < 3; i++) {
      await settle();
      expect(replies).toHaveLength(i + 1);
      replies[i]!.finish();
    }
    for (const text of await Promise.all(all)) expect(text).toContain("Hello");
  });

  it("are refused beyond the queue, with a time to come again", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model, { limits: { maxQueue: 1 } });
    const first = post(app, hello);
    const second = post(app, hello);
    await settle();
    const third = await post(app, hello);
    expect([third.headers.get("retry-after"), await codeOf(third)]).toEqual(["2", [503, "server_overloaded"]]);
    replies[0]!.finish();
    await settle();
    replies[1]!.finish();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it("are refused to who waits too long", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model, { limits: { queueTimeout: 5000 } });
    const first = post(app, hello);
    await settle();
    const second = post(app, hello);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await codeOf(second)).toEqual([503, "server_overloaded"]);
    replies[0]!.finish();
    expect((await first).status).toBe(200);
  });

  it("are given to the next when a client leaves, waiting, reading or not", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model);
    const [reads, waits, ignores] = [new AbortController(), new AbortController(), new AbortController()];
    const first = await post(app, streamed, { signal: reads.signal });
    const reader = first.body!.getReader();
    await reader.read();
    const second = post(app, hello, { signal: waits.signal }).catch(() => "left");
    const third = post(app, streamed, { signal: ignores.signal });
    const fourth = post(app, { messages: [{ role: "user", content: "fourth" }] });
    await settle();
    waits.abort();
    await settle();
    reads.abort();
    await settle();
    await third; // got its turn, and nobody reads it
    ignores.abort();
    await settle();
    expect(replies.at(-1)?.asked).toEqual([{ role: "user", content: "fourth" }]);
    replies.at(-1)!.finish();
    expect((await fourth).status).toBe(200);
    await second;
  });

  it("end when a reply takes too long, streamed or whole", async () => {
    const { model } = patientModel(2);
    const app = appOf(model, { limits: { replyTimeout: 1000, readTimeout: 5000 } });
    const whole = post(app, hello);
    const stream = await post(app, streamed);
    const text = events(stream);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await codeOf(whole)).toEqual([504, "timeout"]);
    expect((await text).at(-1)).toMatchObject({ error: { code: "timeout", message: "the reply took longer than 1 s" } });
  });

  it("end when a stream is not read", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model, { limits: { readTimeout: 1000 } });
    const unread = await post(app, streamed);
    const next = post(app, hello);
    await vi.advanceTimersByTimeAsync(2000);
    replies.at(-1)!.finish();
    expect((await next).status).toBe(200);
    await unread.body!.cancel();
  });

  it("are not kept by a reader that is slow", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model, { limits: { readTimeout: 1000 } });
    const reader = (await post(app, streamed)).body!.getReader();
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(450);
      if (i === 2) replies[0]!.finish();
      await reader.read();
    }
    expect(replies[0]?.signal.aborted).toBe(false);
    await reader.cancel();
  });

  it("are limited for each client", async () => {
    const { model, replies } = patientModel(5);
    const app = appOf(model, { apiKeys: [{ key: "a", maxConcurrent: 1 }, "b"], limits: { maxConcurrent: 2 } });
    const answers = ["a", "a", "b", "b", "b"].map((key) => post(app, hello, withKey(key)));
    let figures = "";
    while (!figures.includes('llamacpp:requests_deferred{model="fake"} 2\n')) {
      figures = await (await app.request("http://local/metrics", withKey("b"))).text();
    }
    expect(replies).toHaveLength(3);
    for (let i = 0; i < answers.length; i++) {
      replies[i]!.finish();
      await settle();
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await codeOf(post(app, { ...hello, n: 2 }, withKey("a")))).toEqual([400, "invalid_value"]);
  });
});

it("prompts that cannot fit are refused before anybody counts their tokens", async () => {
  const { model, asked } = fakeModel();
  const app = appOf({ small: { ...model, info: { ...model.info, contextLength: 10 } } });
  expect(await codeOf(post(app, { messages: [{ role: "user", content: "x".repeat(160) }] }))).toEqual([400, "context_length_exceeded"]);
  expect((await post(app, { messages: [{ role: "user", content: "x".repeat(150) }] })).status).toBe(200);
  expect(await codeOf(post(appOf(model, { limits: { maxPromptCharacters: 5 } }), hello))).toEqual([400, "context_length_exceeded"]);
  expect(asked).toHaveLength(1);
});

it("tools count for a prompt's length where its tokens are only counted, or it is only rendered", async () => {
  const { model } = fakeModel();
  let worked = 0;
  const counting: Model = { ...model, countTokens: () => Promise.resolve(++worked), applyTemplate: () => String(++worked) };
  const app = appOf(counting, { limits: { maxPromptCharacters: 100 } });
  const description = "x".repeat(100);
  const openai = { ...hello, tools: [{ type: "function", function: { name: "f", description } }] };
  const anthropic = { ...hello, tools: [{ name: "f", description, input_schema: {} }] };
  for (const [path, body] of [
    ["/apply-template", openai],
    ["/v1/messages/count_tokens", anthropic],
  ] as const) {
    const refused = await post(app, body, {}, path);
    expect([refused.status, worked]).toEqual([400, 0]);
  }
  const counted = await post(app, hello, {}, "/v1/messages/count_tokens");
  expect([counted.status, worked, counted.headers.get("request-id")]).toEqual([200, 1, counted.headers.get("x-request-id")]);
});

describe("a page of another origin", () => {
  const ask = (app: App, origin: string, method = "POST"): Promise<Response> =>
    app.request("http://local/v1/chat/completions", {
      method,
      headers: {
        origin,
        ...(method === "OPTIONS" && { "access-control-request-headers": "authorization", "access-control-request-method": "POST" }),
      },
      ...(method === "POST" && { body: JSON.stringify(hello) }),
    });
  const allowed = (response: Response): string | null => response.headers.get("access-control-allow-origin");

  it("may ask where it is named, before it has a key to show", async () => {
    const app = appOf(fakeModel().model, { cors: ["https://a.example"], apiKeys: ["secret"] });
    const preflight = await ask(app, "https://a.example", "OPTIONS");
    expect([preflight.status, allowed(preflight), preflight.headers.get("access-control-allow-headers")]).toEqual([
      204,
      "https://a.example",
      "authorization",
    ]);
    const refused = await ask(app, "https://a.example"); // the page can read why
    expect([refused.status, allowed(refused)]).toEqual([401, "https://a.example"]);
    expect(refused.headers.get("access-control-expose-headers")).toContain("retry-after");
    expect(allowed(await ask(app, "https://b.example"))).toBeNull();
  });

  it("may ask from anywhere, or from nowhere", async () => {
    expect(allowed(await ask(appOf(fakeModel().model, { cors: ["*"] }), "https://b.example"))).toBe("*");
    expect(allowed(await ask(appOf(fakeModel().model), "https://b.example"))).toBeNull();
  });
});

describe("a server for its own machine", () => {
  const ask = async (
    url: string,
    origin?: string,
    { localOnly = true, ...options }: Partial<AppOptions> & { localOnly?: boolean } = {},
  ) => {
    const headers = origin === undefined ? {} : { origin };
    const request = new Request(url, { method: "POST", body: JSON.stringify(hello), headers });
    return (await appOf(fakeModel().model, options).fetch(request, { localOnly })).status;
  };
  const path = "v1/chat/completions";

  it.each(["localhost:8080", "127.0.0.1", "[::1]:8080", "192.168.0.7", "box", "box.local", "host.docker.internal"])(
    "answers to %s",
    async (host) => {
      expect(await ask(`http://${host}/${path}`)).toBe(200);
    },
  );

  it("does not answer to names that anybody may give it, nor to their pages, unless they are allowed or have a key to show", async () => {
    expect(await ask(`http://evil.example/${path}`)).toBe(403);
    expect(await ask(`http://127.0.0.1.evil.example/${path}`)).toBe(403);
    const here = `http://localhost:8080/${path}`;
    expect(await ask(here, "https://evil.example")).toBe(403);
    expect(await ask(here, "null")).toBe(403);
    for (const origin of ["http://localhost:3000", "chrome-extension://abc"]) expect(await ask(here, origin)).toBe(200);
    for (const cors of [["https://evil.example"], ["*"]]) expect(await ask(here, "https://evil.example", { cors })).toBe(200);
    expect(await ask(`http://evil.example/${path}`, undefined, { apiKeys: ["a"] })).toBe(401);
    expect(await ask(`http://evil.example/${path}`, undefined, { localOnly: false })).toBe(200);
  });
});

describe("what is told", () => {
  const logged = (model: Model, options: Omit<AppOptions, "models" | "log"> = {}): { app: App; log: LogEntry[] } => {
    const log: LogEntry[] = [];
    return { app: appOf(model, { ...options, log: (entry) => log.push(entry as LogEntry) }), log };
  };

  it("is an id for each request, its own where that is one", async () => {
    const app = appOf(fakeModel().model);
    const idOf = async (id: string): Promise<string | null> =>
      (await app.request("http://local/health", { headers: { "x-request-id": id } })).headers.get("x-request-id");
    expect(await idOf("trace-1_a")).toBe("trace-1_a");
    for (const wrong of ["two words", "x".repeat(300), '"']) expect(await idOf(wrong)).toMatch(/^[0-9a-f-]{36}$/);
    const refused = await app.request("http://local/nothing", { headers: { "x-request-id": "trace-2" } });
    expect([refused.status, refused.headers.get("x-request-id")]).toEqual([404, "trace-2"]);
  });

  it("is an entry of the log for each request, without what was said", async () => {
    const { app, log } = logged(fakeModel({ parts: said }).model, { apiKeys: [{ key: "secret", name: "alice" }, "other"] });
    await post(app, hello, { headers: { authorization: "Bearer secret", "x-request-id": "one" } });
    await (await post(app, streamed, withKey("other"))).text();
    await post(app, "{", withKey("secret"));
    await app.request("http://local/v1/models");
    const reply = { model: "fake", promptTokens: 5, cachedTokens: 0, completionTokens: 3, queueMs: 0, firstTokenMs: expect.any(Number) };
    const common = { time: expect.stringMatching(/^\d{4}-.*Z$/), method: "POST", path: "/v1/chat/completions", ms: expect.any(Number) };
    expect(log).toEqual([
      { ...common, id: "one", client: "alice", status: 200, ...reply },
      { ...common, id: expect.any(String), client: expect.stringMatching(/^[0-9a-f]{8}$/), status: 200, ...reply },
      { ...common, id: expect.any(String), client: "alice", status: 400, error: "invalid_json" },
      { ...common, id: expect.any(String), client: "-", status: 401, error: "invalid_api_key", method: "GET", path: "/v1/models" },
    ]);
    expect(JSON.stringify(log)).not.toMatch(/Hello|secret/);
  });

  it("is how long it waited and took, when all of a stream was read", async () => {
    const { model, replies } = patientModel();
    const { app, log } = logged(model);
    const texts = [post(app, streamed), post(app, streamed)].map(async (answer) => (await answer).text());
    await vi.advanceTimersByTimeAsync(200);
    replies[0]!.finish();
    await vi.advanceTimersByTimeAsync(300);
    expect(log).toMatchObject([{ queueMs: 0, firstTokenMs: 0, ms: 200 }]);
    replies[1]!.finish();
    await Promise.all(texts);
    expect(log[1]).toMatchObject({ queueMs: 200, firstTokenMs: 200, ms: 500, completionTokens: 3 });
  });

  it("is that the client left: unanswered, or in the middle", async () => {
    const { model } = patientModel();
    const { app, log } = logged(model);
    const [one, two] = [new AbortController(), new AbortController()];
    await post(app, streamed, { signal: one.signal });
    const unanswered = post(app, hello, { signal: two.signal }).catch(() => undefined);
    await settle();
    two.abort();
    one.abort();
    await settle();
    await unanswered;
    expect(log.toSorted((a, b) => a.status - b.status)).toMatchObject([
      { status: 200, left: true, completionTokens: 1 },
      { status: 499, left: true },
    ]);
  });

  it("is what failed in the middle of a stream", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { app, log } = logged(fakeModel({ parts: said.slice(0, 1), error: new Error("broken") }).model);
    await (await post(app, streamed)).text();
    expect(log).toMatchObject([{ status: 200, error: "internal_error" }]);
    expect(consoleError).toHaveBeenCalledOnce();
    consoleError.mockRestore();
  });

  it("is why a stream was ended that had begun", async () => {
    const late = logged(patientModel().model, { limits: { replyTimeout: 1000 } });
    const slow = events(await post(late.app, streamed));
    await vi.advanceTimersByTimeAsync(1000);
    await slow;
    expect(late.log).toMatchObject([{ status: 200, error: "timeout" }]);
    const cut = logged(patientModel().model);
    const cutOff = events(await post(cut.app, streamed));
    await Promise.all([cut.app.close(0), vi.advanceTimersByTimeAsync(1000)]);
    await cutOff;
    expect(cut.log).toMatchObject([{ status: 200, error: "shutting_down" }]);
  });

  it("is nothing on the console of a client that leaves in the middle of its body", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { app, log } = logged(fakeModel().model);
    const left = new AbortController();
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (++pulls === 1) return controller.enqueue(new TextEncoder().encode('{"mess'));
        left.abort();
        controller.error(new Error("aborted"));
      },
    });
    const init = { method: "POST", body, signal: left.signal, duplex: "half" } as RequestInit;
    await app.fetch(new Request("http://local/v1/chat/completions", init));
    expect(log).toMatchObject([{ left: true }]);
    expect(consoleError).not.toHaveBeenCalled();
    consoleError.mockRestore();
  });

  it("are figures for Prometheus", async () => {
    const { model, replies } = patientModel();
    const app = appOf({ 'a"b': model }, { metrics: () => ({ process_resident_memory_bytes: 5 }) });
    const answers = [post(app, hello), post(app, hello)];
    await vi.advanceTimersByTimeAsync(300);
    const figures = async (): Promise<string[]> => {
      const response = await app.request("http://local/metrics");
      expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      return (await response.text()).trimEnd().split("\n");
    };
    const before = await figures();
    expect(before).toContain('llamacpp:requests_processing{model="a\\"b"} 1');
    expect(before).toContain('llamacpp:requests_deferred{model="a\\"b"} 1');
    for (let i = 0; i < 2; i++) {
      replies[i]!.finish();
      await settle();
    }
    await Promise.all(answers);
    await app.request("http://local/v1/nothing");
    await app.request("http://local/v1/models", { method: "BREW" });
    const after = await figures();
    for (const line of [
      'lfm_http_requests_total{method="POST",path="/v1/chat/completions",status="200"} 2',
      'lfm_http_requests_total{method="GET",path="other",status="404"} 1',
      'lfm_http_requests_total{method="other",path="/v1/models",status="405"} 1',
      'lfm_http_request_seconds_bucket{path="/v1/chat/completions",le="0.25"} 0',
      'lfm_http_request_seconds_bucket{path="/v1/chat/completions",le="0.5"} 2',
      'lfm_http_request_seconds_sum{path="/v1/chat/completions"} 0.6',
      'llamacpp:prompt_tokens_total{model="a\\"b"} 10',
      'llamacpp:tokens_predicted_total{model="a\\"b"} 6',
      'llamacpp:prompt_tokens_seconds{model="a\\"b"} 9',
      'llamacpp:predicted_tokens_seconds{model="a\\"b"} 8',
      'llamacpp:requests_processing{model="a\\"b"} 0',
      'lfm_queue_seconds_bucket{model="a\\"b",le="0.005"} 1',
      'lfm_queue_seconds_count{model="a\\"b"} 2',
      'lfm_time_to_first_token_seconds_count{model="a\\"b"} 2',
      'lfm_reply_tokens_per_second_bucket{model="a\\"b",le="+Inf"} 2',
      'lfm_model_memory_bytes{model="a\\"b"} 7',
      "process_resident_memory_bytes 5",
      "# TYPE lfm_queue_seconds histogram",
    ])
      expect(after).toContain(line);
    expect(after.some((line) => line.startsWith("lfm_expert_hit_ratio{"))).toBe(false);
    // As the format has it: comments, then samples of that name.
    for (const line of after)
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_:]+ .+|[a-z_:]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? \S+)$/);
  });
});

describe("a model that is being loaded", () => {
  it("is waited for, and how far it is can be seen", async () => {
    let loaded: (model: Model) => void = () => {};
    const models = new Promise<Model>((resolve) => (loaded = resolve));
    const app = appOf(models, { loading: () => ({ loaded: 5, total: 20 }), apiKeys: ["secret"] });
    const health = await app.request("http://local/health");
    expect([health.status, health.headers.get("retry-after"), await health.json()]).toEqual([
      503,
      "5",
      { status: "loading", loaded: 5, total: 20 },
    ]);
    const answer = await post(app, hello, withKey("secret"));
    expect([answer.headers.get("retry-after"), await codeOf(answer)]).toEqual(["5", [503, "model_loading"]]);
    expect((await app.request("http://local/metrics", withKey("secret"))).status).toBe(200);
    expect((await post(app, hello)).status).toBe(401);
    loaded(fakeModel().model);
    await settle();
    expect(await (await app.request("http://local/health")).json()).toEqual({ status: "ok" });
    expect((await post(app, hello, withKey("secret"))).status).toBe(200);
  });

  it("and is not there in the end, is told so", async () => {
    const app = appOf(Promise.reject(new Error("no such file")));
    await settle();
    expect(await (await app.request("http://local/health")).json()).toEqual({ status: "failed" });
    expect(await codeOf(post(app, hello))).toEqual([503, "model_failed"]);
  });
});

describe("the end", () => {
  it("waits for replies under way, and refuses all others", async () => {
    const { model, replies } = patientModel();
    const app = appOf(model);
    const text = post(app, streamed).then((answer) => answer.text());
    await settle();
    const waiting = post(app, hello);
    await settle();
    let closed = false;
    const closing = app.close(1000).then(() => (closed = true));
    expect(await codeOf(waiting)).toEqual([503, "shutting_down"]);
    expect(await codeOf(post(app, hello))).toEqual([503, "shutting_down"]);
    expect((await app.request("http://local/health")).status).toBe(503);
    await vi.advanceTimersByTimeAsync(900);
    expect(closed).toBe(false);
    replies[0]!.finish();
    expect(await text).toContain("[DONE]");
    await closing;
  });

  it("cuts replies that take longer than it can wait", async () => {
    const { model } = patientModel(2);
    const app = appOf(model);
    const whole = post(app, hello);
    const stream = post(app, streamed).then(events);
    await settle();
    const closing = app.close(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await codeOf(whole)).toEqual([503, "shutting_down"]);
    expect((await stream).at(-1)).toMatchObject({ error: { code: "shutting_down" } });
    await closing;
  });

  it("is at once where nothing is under way", async () => {
    await appOf(fakeModel().model).close();
    await appOf(new Promise(() => {})).close();
  });
});
