/** The public API on a model of known answers. */
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChatOptions,
  type CompleteOptions,
  type Completion,
  ContextLengthError,
  load,
  type LoadOptions,
  type Message,
  type Model,
  type ModelInput,
  type Reply,
  type ReplyPart,
  UnsupportedError,
  WeightsError,
} from "../src/index.ts";
import { argmax, divergence, goldenFiles } from "./engine-fixtures.ts";
import { startRangeServer } from "./range-server.ts";
import { fixture } from "./tokenizer-fixtures.ts";

const file = fixture("tiny-moe-Q4_0.gguf");
const golden = goldenFiles.find((one) => one.file === basename(fileURLToPath(file)))!;
const question: Message[] = [{ role: "user", content: "Where did Mina find the lamp?" }];
const greedy = { temperature: 0, repetitionPenalty: 1 };
const seeded = { temperature: 1, topK: 0, minP: 0, seed: 11, maxTokens: 24 };

let model: Model;
beforeAll(async () => {
  model = await load(file);
});
afterAll(() => model.close());

/** The ids of a reply that was asked for with logprobs: 0. */
const idsOf = ({ logprobs }: Reply | Completion): number[] => logprobs!.map(({ id }) => id);

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const part of parts) read.push(part);
  return read;
}

describe("a stream, joined, is the whole", () => {
  it.each([{ ...greedy, maxTokens: 24 }, seeded, { ...seeded, n: 3 }])("of a conversation: %j", async (options) => {
    const whole = await model.chat(question, { ...options, logprobs: 1 });
    const parts = await all(model.chatStream(question, { ...options, logprobs: 1 }));
    expect(whole.choices).toHaveLength("n" in options ? 3 : 1);
    for (const { index, content, finishReason, logprobs } of whole.choices) {
      const own = parts.filter((part) => part.type !== "usage" && part.index === index);
      expect(own.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe(content);
      expect(own.at(-1)).toEqual({ type: "finish", index, finishReason });
      expect(own.flatMap((part) => (part.type === "text" ? (part.logprobs ?? []) : []))).toEqual(logprobs);
    }
    const { prefillMs: _, decodeMs: __, ...counts } = whole.usage;
    expect(parts.filter(({ type }) => type === "usage")).toHaveLength(1);
    expect(parts.at(-1)).toMatchObject({ type: "usage", usage: counts });
  });

  it.each([
    { ...greedy, maxTokens: 24 },
    { ...seeded, echo: true, n: 2 },
  ])("of a continuation: %j", async (options) => {
    const whole = await model.complete("Mina found the", { ...options, logprobs: 0 });
    const parts = await all(model.completeStream("Mina found the", { ...options, logprobs: 0 }));
    for (const { index, text, finishReason } of whole.choices) {
      const own = parts.filter((part) => part.type !== "usage" && part.index === index);
      expect(own.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe(text);
      expect(own.at(-1)).toEqual({ type: "finish", index, finishReason });
    }
    expect(parts.at(-1)).toMatchObject({ type: "usage", usage: { completionTokens: whole.usage.completionTokens } });
    const said = new TextDecoder().decode(Uint8Array.from(whole.logprobs!.flatMap(({ bytes }) => bytes)));
    expect(whole.text.endsWith(said)).toBe(true);
    expect([whole.text, whole.finishReason]).toEqual([whole.choices[0]!.text, whole.choices[0]!.finishReason]);
  });
});

describe("the same seed gives the same tokens", () => {
  const ask = async (one: Model): Promise<number[]> => idsOf(await one.complete("Mina found the", { ...seeded, logprobs: 0 }));
  let expected: number[];
  beforeAll(async () => {
    expected = await ask(model);
  });

  it("and another seed others", async () => {
    expect(expected.length).toBeGreaterThan(8);
    expect(await ask(model)).toEqual(expected);
    expect(idsOf(await model.complete("Mina found the", { ...seeded, seed: 12, logprobs: 0 }))).not.toEqual(expected);
  });

  it.each<LoadOptions>([{}, { kernels: "plain" }, { kernels: "relaxed" }, { contextLength: 128, maxSequences: 1 }])(
    "in another load: %j",
    async (options) => {
      await using other = await load(file, options);
      if (options.kernels) expect(other.info.kernels).toBe(options.kernels);
      expect(await ask(other)).toEqual(expected);
    },
  );

  it("while three other replies run beside it", async () => {
    const others = [3, 4, 5].map((seed) => model.chat(question, { ...seeded, seed, maxTokens: 40, ignoreEos: true }));
    expect(await ask(model)).toEqual(expected);
    for (const { usage } of await Promise.all(others)) expect(usage.completionTokens).toBe(40);
  });

  it("at the same positions: a prompt that holds the first of them goes on with the rest", async () => {
    const prompt = model.tokenize("Mina found the", { bos: true });
    for (const held of [1, 5])
      expect(
        idsOf(await model.complete([...prompt, ...expected.slice(0, held)], { ...seeded, maxTokens: 24 - held, logprobs: 0 })),
      ).toEqual(expected.slice(held));
  });

  it("and the same message does in a conversation", async () => {
    const options = { ...seeded, logprobs: 0, date: "2026-01-02" };
    expect(idsOf(await model.chat(question, options))).toEqual(idsOf(await model.chat(question, options)));
  });
});

describe("known answers", () => {
  it.each(golden.cases.map((one) => ({ n: one.ids.length, one })))("$n tokens: 32 greedy ones after them", async ({ one }) => {
    const { greedy32, greedy_margin } = one;
    const ids = idsOf(await model.complete(one.ids, { ...greedy, maxTokens: 32, ignoreEos: true, logprobs: 0 }));
    expect(ids).toHaveLength(32);
    const different = ids.findIndex((id, i) => id !== greedy32[i]);
    if (different >= 0) expect(greedy_margin[different], `token ${different}`).toBeLessThan(0.05);
  });

  it.each(golden.cases.map((one) => ({ n: one.ids.length, one })))("$n tokens judged", async ({ n, one }) => {
    const { logits, argmax: likeliest, nll, nllMean } = await model.evaluate(one.ids);
    expect([likeliest.length, nll.length, logits.length]).toEqual([n, n - 1, 1024]);
    expect(divergence(golden.logits(one.logits_row), logits)).toBeLessThan(1e-4);
    expect(likeliest.at(-1)).toBe(argmax(logits));
    for (const [i, id] of likeliest.entries()) if (one.argmax_margin[i]! > 0.3) expect(id).toBe(one.argmax[i]);
    if (one.nll_mean === null) expect(nllMean).toBeNull();
    else expect(Math.abs(nllMean! - one.nll_mean)).toBeLessThan(n < 64 ? 0.05 : 0.01);
  });

  it("log-probabilities of greedy tokens are what evaluate says of them", async () => {
    const prompt = golden.cases[1]!.ids;
    const reply = await model.complete(prompt, { ...greedy, maxTokens: 8, ignoreEos: true, logprobs: 2 });
    const { nll } = await model.evaluate([...prompt, ...idsOf(reply)]);
    expect(reply.logprobs!.map(({ logprob }) => -logprob)).toEqual(nll.slice(prompt.length - 1));
    for (const { id, logprob, top } of reply.logprobs!) expect([top.length, top[0]]).toMatchObject([2, { id, logprob }]);
  });
});

describe("text and ids", () => {
  it.each(["Mina found the lamp in Seoul.", "東京 العربية 🙂👍🏽", "  a\n\n\tb  ", "", "<|im_start|>user", "﻿a\0b", "é"])(
    "%j comes back",
    (text) => {
      expect(model.detokenize(model.tokenize(text), { special: true })).toBe(text);
    },
  );

  it("control tokens are read and printed only on request", () => {
    const [start, ...rest] = model.tokenize("<|im_start|>user", { special: true, bos: true });
    expect([start, rest[0]]).toEqual([1, 6]);
    expect(model.detokenize([start!, ...rest])).toBe("user");
    expect(model.detokenize([start!, ...rest], { special: true })).toBe("<|startoftext|><|im_start|>user");
    expect(model.tokenize("<|im_start|>")).not.toContain(6);
  });

  it("ids that are none are refused", async () => {
    expect(() => model.detokenize([5000])).toThrow(RangeError);
    for (const ids of [[5000], [-1], [0.5]]) {
      await expect(model.complete(ids)).rejects.toThrow("is not in the vocabulary of 1024");
      await expect(model.evaluate(ids)).rejects.toThrow("is not in the vocabulary of 1024");
    }
  });

  it("a conversation becomes the prompt of its replies", async () => {
    const text = model.applyTemplate(question);
    expect(text).toBe("<|startoftext|><|im_start|>user\nWhere did Mina find the lamp?<|im_end|>\n<|im_start|>assistant\n");
    const options = { ...seeded, logprobs: 0 };
    const [chat, complete] = [await model.chat(question, options), await model.complete(text, options)];
    expect(idsOf(chat)).toEqual(idsOf(complete));
    expect(chat.usage.promptTokens).toBe(model.tokenize(text, { special: true }).length);
  });
});

describe("the model's facts", () => {
  it("are in info", () => {
    expect(model.info).toEqual({
      id: expect.stringMatching(/^[a-z0-9.-]+$/),
      architecture: "lfm2moe",
      parameters: expect.any(Number),
      activeParameters: expect.any(Number),
      fileType: "Q4_0",
      vocabularySize: 1024,
      trainedContextLength: expect.any(Number),
      contextLength: expect.any(Number),
      maxSequences: 4,
      hiddenSize: 256,
      layers: ["conv", "attention", "conv", "attention"],
      experts: 6,
      expertsPerToken: 4,
      reasoning: false,
      toolSyntax: "pythonic",
      chatTemplate: "built-in",
      samplingDefaults: { temperature: 0.3, minP: 0.15, repetitionPenalty: 1.05 },
      weightBytes: expect.any(Number),
      residentWeightBytes: model.info.weightBytes,
      threads: expect.any(Number),
      kernels: "relaxed",
      paired: expect.any(Boolean),
    });
    const { parameters, activeParameters, contextLength, trainedContextLength, weightBytes } = model.info;
    expect(activeParameters).toBeLessThan(parameters);
    expect(contextLength).toBe(Math.min(trainedContextLength, 8192));
    expect(weightBytes).toBeGreaterThan(parameters / 2);
  });

  it("and its work in stats", async () => {
    for (const work of [
      (one: Model) => one.complete("Mina found the", seeded),
      (one: Model) => one.chat(question, seeded),
      (one: Model) => all(one.completeStream("Mina found the", seeded)),
    ]) {
      await using one = await load(file);
      expect(one.stats()).toMatchObject({ prefillTokensPerSecond: 0, decodeTokensPerSecond: 0 });
      await work(one);
      const { bytesRead, prefillTokensPerSecond, decodeTokensPerSecond, peakMemoryBytes } = one.stats();
      expect(bytesRead).toBeGreaterThanOrEqual(one.info.weightBytes);
      expect(peakMemoryBytes).toBeGreaterThan(one.info.weightBytes);
      expect([prefillTokensPerSecond > 0, decodeTokensPerSecond > 0]).toEqual([true, true]);
    }
  });
});

describe("loading", () => {
  it("takes paths, addresses and bytes", async () => {
    const ask = async (input: ModelInput): Promise<number[]> => {
      await using one = await load(input);
      return idsOf(await one.complete("Mina found the", { ...greedy, maxTokens: 8, logprobs: 0 }));
    };
    const bytes = await readFile(file);
    const expected = idsOf(await model.complete("Mina found the", { ...greedy, maxTokens: 8, logprobs: 0 }));
    await using server = await startRangeServer(new Map([["tiny.gguf", bytes]]));
    const inputs = [
      file,
      file.href,
      fileURLToPath(file),
      bytes,
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      await openAsBlob(file),
      `${server.url}tiny.gguf`,
    ];
    for (const input of inputs) expect(await ask(input as ModelInput)).toEqual(expected);
  });

  it("tells its progress: bytes that only grow, and ready at the end", async () => {
    const told: Parameters<NonNullable<LoadOptions["onProgress"]>>[0][] = [];
    await using one = await load(file, { onProgress: (progress) => told.push({ ...progress }) });
    const reading = told.slice(1, -1);
    expect([told[0]!.phase, new Set(reading.map(({ phase }) => phase)), told.at(-1)]).toEqual([
      "open",
      new Set(["read"]),
      { phase: "ready", loaded: one.info.weightBytes, total: one.info.weightBytes },
    ]);
    expect(reading.length).toBeGreaterThan(5);
    for (const [i, { loaded, total }] of reading.entries()) {
      expect(loaded).toBeGreaterThan(reading[i - 1]?.loaded ?? 0);
      expect([total, loaded <= total]).toEqual([one.info.weightBytes, true]);
    }
    expect(reading.at(-1)!.loaded).toBe(one.info.weightBytes);
  });

  it("ends where it stands when it is aborted", async () => {
    await expect(load(file, { signal: AbortSignal.abort(new Error("no longer")) })).rejects.toThrow("no longer");
    const controller = new AbortController();
    let told = 0;
    const onProgress: LoadOptions["onProgress"] = ({ phase }) => {
      if (phase === "read" && ++told === 2) controller.abort(new Error("enough"));
    };
    await expect(load(file, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(told).toBeLessThan(4);
  });

  it("fails with what onProgress throws, whichever thread has read", async () => {
    for (const wait of [0, 20]) {
      const onProgress: LoadOptions["onProgress"] = ({ phase, loaded }) => {
        const until = performance.now() + (phase === "read" ? wait : 0); // so that others read meanwhile
        while (performance.now() < until);
        if (phase === "read" && loaded > 0) throw new Error("mine");
      };
      for (let i = 0; i < 3; i++) await expect(load(file, { threads: 2, onProgress })).rejects.toThrow("mine");
    }
  });

  it.each<[string, unknown, LoadOptions, new (...args: never[]) => Error, RegExp]>([
    ["a file that is not there", "no/such.gguf", {}, WeightsError, /^Cannot open no\/such\.gguf: there is no such file/],
    ["a folder", fileURLToPath(new URL(".", file)), {}, WeightsError, /it is a directory/],
    ["another kind of file", fixture("prompts.json"), {}, WeightsError, /prompts\.json/],
    ["no bytes", new Uint8Array(0), {}, WeightsError, /./],
    ["a number", 5, {}, TypeError, /expected a path/],
    ["a context of nothing", file, { contextLength: 0 }, RangeError, /^contextLength must be/],
    ["a context longer than the model's", file, { contextLength: 2 ** 30 }, RangeError, /^contextLength must be/],
    ["no sequences", file, { maxSequences: 0 }, RangeError, /^maxSequences must be/],
    ["a KV cache that does not exist", file, { kvType: "q4" as never }, UnsupportedError, /^kvType is not supported/],
    ["kernels that do not exist", file, { kernels: "fast" as never }, RangeError, /^kernels must be/],
  ])("refuses %s in one line", async (_, input, options, kind, message) => {
    const error: unknown = await load(input as ModelInput, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });
});

describe("options", () => {
  const callers: Record<string, (options: ChatOptions & CompleteOptions) => Promise<unknown>> = {
    chat: (options) => model.chat(question, options),
    chatStream: (options) => all(model.chatStream(question, options)),
    complete: (options) => model.complete("Mina", options),
    completeStream: (options) => all(model.completeStream("Mina", options)),
  };

  it.each<ChatOptions>([
    { temperature: -1 },
    { temperature: Number.NaN },
    { topK: 1.5 },
    { topP: 0 },
    { topP: 1.1 },
    { minP: 1 },
    { typicalP: 0 },
    { repetitionPenalty: 0 },
    { presencePenalty: 3 },
    { frequencyPenalty: -3 },
    { logitBias: { 5000: 1 } },
    { logitBias: { 5: Number.NaN } },
    { logitBias: { "": 1 } as Record<number, number> },
    { logitBias: { "0x10": 1 } as Record<number, number> },
    { seed: 1.5 },
    { maxTokens: -1 },
    { maxTokens: 0.5 },
    { minTokens: -1 },
    { stop: "" },
    { stop: Array.from({ length: 65 }, String) },
    { stopTokenIds: [5000] },
    { n: 0 },
    { n: 5 },
    { n: 1e9 },
    { n: 2 ** 40 },
    { logprobs: -1 },
    { logprobs: 101 },
  ])("out of range are refused by name: %j", async (options) => {
    const [name] = Object.keys(options);
    for (const call of Object.values(callers)) {
      const error: unknown = await call(options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toMatch(new RegExp(`^${name}\\b`));
    }
  });

  it.each<ChatOptions & CompleteOptions>([
    { responseFormat: { type: "json_schema", schema: { type: "array", uniqueItems: true } } },
    { responseFormat: { type: "regex", pattern: "(?=a)b" } },
    { session: {} as NonNullable<ChatOptions["session"]> },
    { suffix: "." },
  ])("of later versions are refused by name: %j", async (options) => {
    const [name] = Object.keys(options);
    for (const call of Object.values(callers)) {
      const error: unknown = await call(options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(error).toMatchObject({ param: name, message: expect.stringMatching(new RegExp(`^${name}\\b`)) });
    }
  });

  it("that ask for nothing are taken", async () => {
    const options = { responseFormat: { type: "text" }, toolChoice: "auto", parallelToolCalls: true, suffix: "", maxTokens: 1 } as const;
    for (const call of Object.values(callers)) await call(options);
  });

  it("calls of later versions are refused by name", async () => {
    for (const [name, call] of [
      ["session", () => model.session()],
      ["restore", () => model.restore(new Uint8Array(8))],
    ] as const)
      await expect(call()).rejects.toMatchObject({ name: "UnsupportedError", param: name, message: `${name} is not supported yet` });
  });
});

describe("prompts that cannot be answered", () => {
  let small: Model;
  beforeAll(async () => {
    small = await load(file, { contextLength: 32 });
  });
  afterAll(() => small.close());

  it("are longer than the context: how long, and how long it is", async () => {
    const ids = Array.from({ length: 40 }, () => 300);
    const long: Message[] = [{ role: "user", content: "lamp ".repeat(40) }];
    const tokens = small.tokenize(small.applyTemplate(long), { special: true }).length;
    for (const [call, count] of [
      [() => small.complete(ids), 40],
      [() => small.evaluate(ids), 40],
      [() => small.chat(long), tokens],
      [() => all(small.chatStream(long)), tokens],
    ] as const) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ContextLengthError);
      expect(error).toMatchObject({ tokens: count, limit: 32 });
    }
    const { usage, finishReason } = await small.complete(ids.slice(0, 30), { ignoreEos: true });
    expect([usage.completionTokens, finishReason]).toEqual([3, "length"]);
  });

  it("are empty", async () => {
    await expect(small.complete([])).rejects.toThrow(/^the prompt is empty/);
    await expect(small.evaluate([])).rejects.toThrow("no ids to evaluate");
    await expect(small.chat([])).rejects.toThrow("messages must be a list with at least one message");
    expect((await small.complete("", { maxTokens: 2, ignoreEos: true })).usage).toMatchObject({ promptTokens: 1, completionTokens: 2 }); // BOS
  });
});

describe("replies that are left", () => {
  it("give their place back: more replies than places, in turn", async () => {
    await using one = await load(file, { maxSequences: 2 });
    for (let i = 0; i < 5; i++) {
      for await (const part of one.chatStream(question, { ...seeded, seed: i, ignoreEos: true, n: 2 })) if (part.type === "text") break;
    }
    expect((await one.chat(question, { ...seeded, n: 2, ignoreEos: true })).usage.completionTokens).toBe(48);
  });

  it("by an abort keep what was said, and the rest go on", async () => {
    await using model = await load(file, { threads: 0 }); // what is still on its way from another thread is not counted
    const expected = await model.complete("Mina found the", seeded);
    const controller = new AbortController();
    const aborted: ReplyPart[] = [];
    const read = async (): Promise<void> => {
      const options = { ...seeded, maxTokens: 2000, ignoreEos: true, signal: controller.signal };
      for await (const part of model.chatStream(question, options)) {
        aborted.push(part);
        if (aborted.length === 5) controller.abort();
      }
    };
    const [, other] = await Promise.all([read(), model.complete("Mina found the", seeded)]);
    expect(other.text).toBe(expected.text);
    expect(aborted.length).toBeLessThan(10);
    expect(aborted.slice(-2)).toMatchObject([{ type: "finish", finishReason: "abort" }, { type: "usage" }]);
  });
});

describe("close", () => {
  const endless = { ...seeded, maxTokens: 5000, ignoreEos: true };

  it("ends running replies with abort, their text kept, and refuses later calls", async () => {
    const one = await load(file, { maxSequences: 3 });
    const replies = [one.chat(question, endless), one.complete("Mina", endless)];
    const parts: ReplyPart[] = [];
    const reading = (async () => {
      for await (const part of one.chatStream(question, endless)) parts.push(part);
    })();
    const waiting = one.complete("found", endless); // there is no place for it yet
    while (parts.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await one.close();
    for (const reply of await Promise.all(replies)) {
      expect(reply.finishReason).toBe("abort");
      expect(reply.usage.completionTokens).toBeGreaterThan(1);
    }
    await reading;
    expect(parts.slice(-2)).toMatchObject([{ type: "finish", finishReason: "abort" }, { type: "usage" }]);
    expect(await waiting).toMatchObject({ text: "", finishReason: "abort" });
    await one.close();
    for (const call of [
      () => one.chat(question),
      () => one.complete("a"),
      () => all(one.chatStream(question)),
      () => all(one.completeStream("a")),
      () => one.evaluate([1]),
    ])
      await expect(call()).rejects.toThrow("the model is closed");
  });

  it("waits for no reader: neither one that closes while it reads, nor one that reads no more", async () => {
    const one = await load(file);
    const left = one.completeStream("Mina", endless)[Symbol.asyncIterator]();
    await left.next();
    const parts: ReplyPart[] = [];
    for await (const part of one.chatStream(question, endless)) {
      parts.push(part);
      if (parts.length === 3) await one.close();
    }
    expect(parts.slice(-2)).toMatchObject([{ type: "finish", finishReason: "abort" }, { type: "usage" }]);
  });

  it("ends an evaluation too", async () => {
    const one = await load(file);
    const evaluation = one.evaluate(Array.from({ length: 4000 }, (_, i) => 300 + (i % 100)));
    const started = performance.now();
    setTimeout(() => void one.close(), 5);
    await expect(evaluation).rejects.toThrow("the model is closed");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("comes with await using", async () => {
    let kept: Model;
    {
      await using one = await load(file);
      kept = one;
      await one.complete("Mina", { maxTokens: 1 });
    }
    await expect(kept.complete("Mina")).rejects.toThrow("the model is closed");
  });
});
