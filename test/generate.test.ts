/** The loop that generates: what it says, when it ends, what it gives back. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createChatTemplate } from "../src/chat/chat-template.ts";
import type { LfmEngine } from "../src/engine/engine.ts";
import { macrotask } from "../src/engine/macrotask.ts";
import { ContextLengthError } from "../src/errors.ts";
import { type Conversing, chat, chatStream } from "../src/generate/chat.ts";
import { generateChoice } from "../src/generate/choice.ts";
import { complete, completeStream } from "../src/generate/complete.ts";
import { Constraints } from "../src/generate/constraints.ts";
import { generate, type GeneratePart } from "../src/generate/generate.ts";
import { createTokenizer, type Tokenizer } from "../src/tokenizer/tokenizer.ts";
import type { FinishReason, GenerateOptions, ReplyPart, TokenLogprob } from "../src/types.ts";
import { goldenFiles, openFixture } from "./engine-fixtures.ts";
import { everySplit, generation, ScriptedEngine, type Script } from "./scripted-engine.ts";
import { fixtureMetadata } from "./tokenizer-fixtures.ts";

const never = new AbortController().signal;
let tokenizer: Tokenizer;
let eos: number;
beforeAll(async () => {
  tokenizer = createTokenizer(await fixtureMetadata("tiny-moe-Q4_0.gguf"));
  eos = tokenizer.eos!;
});

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const part of parts) read.push(part);
  return read;
}

const said = (parts: GeneratePart[], index = 0): string =>
  parts.map((part) => (part.type === "piece" && part.index === index ? part.text : "")).join("");
const reason = (parts: GeneratePart[], index = 0): FinishReason | undefined =>
  parts.flatMap((part) => (part.type === "finish" && part.index === index ? part.finishReason : []))[0];
const logprobsOf = (parts: GeneratePart[]): TokenLogprob[] => parts.flatMap((part) => (part.type === "piece" ? (part.logprobs ?? []) : []));
const bytesOf = (logprobs: TokenLogprob[]): Uint8Array => Uint8Array.from(logprobs.flatMap(({ bytes }) => bytes));
const text = (...ids: number[]): string => tokenizer.decode(ids);

/** A reply of a script in the tiny models' vocabulary, to a prompt of three tokens. */
function reply(script: Partial<Script> & { ids: readonly number[] }, options: GenerateOptions = {}, closing: AbortSignal = never) {
  const { vocabularySize } = tokenizer;
  const engine = new ScriptedEngine({ vocabularySize, ...script });
  const asked = generation(options, vocabularySize, engine.maxSequences);
  const tokens: number[] = [];
  const onToken = (_: number, id: number): void => void tokens.push(id);
  return { engine, tokens, parts: generate({ engine, tokenizer, prompt: [1, 300, 301], generation: asked, closing, onToken }) };
}

describe("stop strings", () => {
  /** The text before the stop string that is complete first; of those that end together, before the longest. */
  function cut(whole: string, stop: readonly string[]): { text: string; stopped: boolean } {
    for (let end = 1; end <= whole.length; end++) {
      const found = stop.filter((one) => whole.slice(0, end).endsWith(one)).map((one) => end - one.length);
      if (found.length > 0) return { text: whole.slice(0, Math.min(...found)), stopped: true };
    }
    return { text: whole, stopped: false };
  }

  it.each([
    ["say STOP it", ["STOP"]],
    ["STOP", ["STOP"]],
    ["almost STO", ["STOP"]],
    ["aaab", ["aab"]],
    ["abababacab", ["ababac"]],
    ["abcde", ["bc", "abcd"]],
    ["abcde", ["bcd", "cd", "d"]],
    ["a\n\nb", ["\n\n", "\n"]],
    ["é🙂b", ["🙂"]],
    ["aé🙂b", ["🙃", "b"]],
  ])("%j with %j: however the text falls into tokens", async (whole, stop) => {
    const { tokenizer: words, eos: end, splits } = everySplit(whole);
    const expected = cut(whole, stop);
    for (const split of splits) {
      for (const ids of [[...split, end], split]) {
        const { vocabularySize } = words;
        const engine = new ScriptedEngine({ vocabularySize, ids });
        const asked = generation({ stop, logprobs: 0, maxTokens: ids.length }, vocabularySize);
        let [sampled, shown] = [0, ""];
        const counted: TokenLogprob[] = [];
        const onToken = (): void => void sampled++;
        for await (const part of generate({ engine, tokenizer: words, prompt: [5], generation: asked, closing: never, onToken })) {
          if (part.type === "finish") {
            expect(part.finishReason).toBe(expected.stopped || ids !== split ? "stop" : "length");
            if (expected.stopped) expect(stop).toContain(part.stopString);
            else expect(part.stopString).toBeUndefined();
          }
          if (part.type !== "piece") continue;
          shown += part.text;
          counted.push(...(part.logprobs ?? []));
          expect(shown).toBe(whole.slice(0, shown.length));
          // A token is told with its text, not before.
          expect(shown.startsWith(new TextDecoder().decode(bytesOf(counted), { stream: true })) || shown === expected.text).toBe(true);
        }
        expect(shown).toBe(expected.text);
        const bytes = bytesOf(counted);
        const shownBytes = new TextEncoder().encode(shown);
        if (!expected.stopped) expect(bytes).toEqual(shownBytes);
        else {
          expect(bytes.subarray(0, shownBytes.length)).toEqual(shownBytes);
          const last = counted.at(-1); // begins within the text
          if (last) expect(bytes.length - last.bytes.length).toBeLessThan(shownBytes.length);
        }
        if (!expected.stopped) expect(sampled).toBe(ids.length);
        expect(engine.held).toBe(0);
      }
    }
  });

  it("hold back no more than may begin one", async () => {
    const { tokenizer: words, eos: end, splits } = everySplit("a ST b STO");
    const bytes = splits.at(-1)!; // one by one
    const engine = new ScriptedEngine({ vocabularySize: words.vocabularySize, ids: [...bytes, end] });
    const asked = generation({ stop: ["STOP"] }, words.vocabularySize);
    const parts = await all(generate({ engine, tokenizer: words, prompt: [5], generation: asked, closing: never }));
    expect(parts.flatMap((part) => (part.type === "piece" ? part.text : []))).toEqual(["a", " ", "ST ", "b", " ", "STO"]);
  });
});

describe("the end of a reply", () => {
  it.each(["<|im_end|>", "<|endoftext|>", "<|im_start|>", "<|startoftext|>"])("is %s, of which nothing is said", async (token) => {
    const id = tokenizer.id(token)!;
    const { parts, tokens } = reply({ ids: [300, 301, id] });
    const read = await all(parts);
    expect([said(read), reason(read), tokens]).toEqual([text(300, 301), "stop", [300, 301, id]]);
  });

  it("is a stop token of the caller's", async () => {
    const read = await all(reply({ ids: [300, 301, 302] }, { stopTokenIds: [302, 303] }).parts);
    expect([said(read), reason(read)]).toEqual([text(300, 301), "stop"]);
  });

  it("is not EOS where that is ignored; the caller's own tokens still are", async () => {
    const read = await all(reply({ ids: [300, eos, 301, 302] }, { ignoreEos: true, stopTokenIds: [302] }).parts);
    expect([said(read), reason(read)]).toEqual([text(300, 301), "stop"]); // a control token prints nothing
  });

  it("is maxTokens, without computing one more", async () => {
    const { parts, engine } = reply({ ids: [300, 301, 302] }, { maxTokens: 3 });
    const read = await all(parts);
    expect([said(read), reason(read), engine.steps]).toEqual([text(300, 301, 302), "length", 3]);
  });

  it("is at once for maxTokens 0", async () => {
    const { parts, tokens } = reply({ ids: [300] }, { maxTokens: 0 });
    const read = await all(parts);
    expect(read.map(({ type }) => type)).toEqual(["finish", "usage"]);
    expect([reason(read), tokens]).toEqual(["length", []]);
  });

  it("is the context's: its last place is used, and one token more needs none", async () => {
    const { parts, engine } = reply({ ids: [300, 301, 302, 303], contextLength: 5 });
    const read = await all(parts);
    expect([said(read), reason(read), engine.steps]).toEqual([text(300, 301, 302), "length", 3]);
  });

  it("does not come before minTokens, not by EOS and not by a token of the caller's", async () => {
    const ids = [eos, 302, eos, 301, eos];
    const read = await all(reply({ ids, second: 300 }, { minTokens: 4, stopTokenIds: [302] }).parts);
    expect([said(read), reason(read)]).toEqual([text(300, 300, 300, 301), "stop"]);
  });

  it("replaces the bytes of a character that is cut off there", async () => {
    const { tokenizer: words, eos: end, splits } = everySplit("é🙂");
    const bytes = splits.at(-1)!;
    for (const [ids, whole] of [
      [bytes.slice(0, 5), "é�"],
      [bytes.slice(0, 1), "�"],
      [[...bytes.slice(2, 4), ...bytes.slice(0, 2)], "�é"],
    ] as const) {
      for (const script of [[...ids, end], ids]) {
        const engine = new ScriptedEngine({ vocabularySize: words.vocabularySize, ids: script });
        const asked = generation({ maxTokens: script.length, logprobs: 0 }, words.vocabularySize);
        const read = await all(generate({ engine, tokenizer: words, prompt: [5], generation: asked, closing: never }));
        expect(said(read)).toBe(whole);
        expect(logprobsOf(read).map(({ id }) => id)).toEqual([...ids]);
      }
    }
  });
});

describe("log-probabilities", () => {
  it("are the log softmax of what the model said, with its likeliest alternatives", async () => {
    const { parts, engine } = reply({ ids: [300, 310, eos], second: 302 }, { logprobs: 2, repetitionPenalty: 1.1, logitBias: { 310: -1 } });
    const counted = logprobsOf(await all(parts));
    expect(counted.map(({ id }) => id)).toEqual([300, 310]);
    for (const [step, { id, logprob, top, text: own, bytes }] of counted.entries()) {
      const row = engine.logits(step);
      const sum = row.reduce((total, x) => total + Math.exp(x), 0);
      expect(logprob).toBeCloseTo(Math.log(Math.exp(row[id]!) / sum), 6);
      expect(top.map((one) => [one.id, one.logprob])).toEqual([
        [id, logprob],
        [302, expect.closeTo(Math.log(Math.exp(6) / sum), 6)],
      ]);
      expect([own, new TextDecoder().decode(Uint8Array.from(bytes))]).toEqual([text(id), text(id)]);
    }
  });

  it("without alternatives are the tokens' own; not asked for, there are none", async () => {
    expect(logprobsOf(await all(reply({ ids: [300, eos] }, { logprobs: 0 }).parts))).toMatchObject([{ id: 300, top: [] }]);
    expect(logprobsOf(await all(reply({ ids: [300, eos] }).parts))).toEqual([]);
  });
});

describe("usage", () => {
  it("is told last, and once, with every token that was sampled", async () => {
    const read = await all(reply({ ids: [300, 301, eos], onStep: () => new Promise((resolve) => setTimeout(resolve, 3)) }).parts);
    expect(read.filter(({ type }) => type === "usage")).toHaveLength(1);
    const last = read.at(-1);
    if (last?.type !== "usage") throw new Error("the last part is not the usage");
    const { prefillMs, decodeMs, ...counts } = last.usage;
    expect(counts).toEqual({ promptTokens: 3, cachedTokens: 0, completionTokens: 3, reasoningTokens: 0 });
    expect(prefillMs).toBeGreaterThan(1);
    expect(decodeMs).toBeGreaterThan(3);
  });
});

describe("an abort", () => {
  const ids = Array.from({ length: 50 }, (_, i) => 300 + i);

  it("before the reply computes nothing", async () => {
    const { parts, engine } = reply({ ids }, { signal: AbortSignal.abort(), n: 2 });
    const read = await all(parts);
    expect(read.map(({ type }) => type)).toEqual(["finish", "finish", "usage"]);
    expect([reason(read, 0), reason(read, 1), engine.steps, engine.held]).toEqual(["abort", "abort", 0, 0]);
  });

  it("during the prompt ends it", async () => {
    const controller = new AbortController();
    const { parts, engine } = reply({ ids, onStep: () => controller.abort() }, { signal: controller.signal });
    const read = await all(parts);
    expect([said(read), reason(read), engine.steps, engine.held]).toEqual(["", "abort", 0, 0]);
    expect(read.at(-1)).toMatchObject({ type: "usage", usage: { promptTokens: 3, completionTokens: 0 } });
  });

  it.each(["the caller's", "the model's"])("during the reply keeps what was said, within a token: %s", async (whose) => {
    const controller = new AbortController();
    const onStep = (step: number): void => {
      if (step === 3) controller.abort();
    };
    const mine = whose === "the caller's";
    const { parts, engine, tokens } = reply({ ids, onStep }, mine ? { signal: controller.signal } : {}, mine ? never : controller.signal);
    const read = await all(parts);
    expect([said(read), reason(read), engine.steps, engine.held]).toEqual([text(300, 301, 302), "abort", 3, 0]);
    expect(tokens).toEqual([300, 301, 302]);
  });

  it("between two tokens says what a stop string held back", async () => {
    const controller = new AbortController();
    const onStep = (step: number): void => {
      if (step === 1) controller.abort();
    };
    const { parts } = reply({ ids, onStep }, { signal: controller.signal, stop: [`${text(300)} and more`], logprobs: 0 });
    const read = await all(parts);
    expect([said(read), reason(read)]).toEqual([text(300), "abort"]);
    expect(logprobsOf(read).map(({ id }) => id)).toEqual([300]);
  });

  it("gives the sequence back although nobody reads on", async () => {
    const controller = new AbortController();
    const endless = Array.from({ length: 900 }, (_, i) => 300 + (i % 100));
    const { parts, engine } = reply({ ids: endless }, { signal: controller.signal });
    await parts.next();
    for (let turn = 0; turn < 20; turn++) await macrotask();
    const { steps } = engine;
    expect(steps).toBeLessThan(100); // it waits for its reader
    controller.abort();
    for (let turn = 0; turn < 20; turn++) await macrotask();
    expect([engine.held, engine.steps]).toEqual([0, steps]);
    expect((await all(parts)).slice(-2)).toMatchObject([{ type: "finish", finishReason: "abort" }, { type: "usage" }]);
  });
});

describe("who leaves the loop", () => {
  it("stops the compute and gives the sequence back, before the next line runs", async () => {
    const { parts, engine } = reply({ ids: Array.from({ length: 900 }, () => 300), maxSequences: 1, onStep: () => macrotask() });
    for await (const part of parts) if (part.type === "piece") break;
    const { steps, held } = engine;
    expect(held).toBe(0);
    expect(steps).toBeLessThan(5);
    for (let turn = 0; turn < 5; turn++) await macrotask();
    expect(engine.steps).toBe(steps);
  });

  it("by an error of its own too", async () => {
    const { parts, engine } = reply({ ids: [300, 301, eos] });
    const read = async (): Promise<void> => {
      for await (const part of parts) throw new Error(part.type);
    };
    await expect(read()).rejects.toThrow("piece");
    expect(engine.held).toBe(0);
  });
});

describe("a failure", () => {
  it("of one choice ends the others, is thrown, and nothing is held", async () => {
    const onStep = async (step: number, sequence: number): Promise<void> => {
      await macrotask();
      if (step === 4 && sequence === 1) throw new Error("no more memory");
    };
    const { parts, engine } = reply({ ids: Array.from({ length: 900 }, () => 300), onStep }, { n: 3 });
    await expect(all(parts)).rejects.toThrow("no more memory");
    expect(engine.held).toBe(0);
    expect(engine.steps).toBeLessThan(20);
  });

  it("that comes before its reader is thrown when the reader does", async () => {
    const onStep = (step: number): void => {
      if (step === 2) throw new Error("no more memory");
    };
    const { parts, engine } = reply({ ids: [300, 301, 302], onStep });
    await parts.next();
    for (let turn = 0; turn < 5; turn++) await macrotask();
    expect(engine.held).toBe(0);
    await expect(all(parts)).rejects.toThrow("no more memory");
  });

  it("is an empty prompt, and one that the context does not hold", async () => {
    const engine = new ScriptedEngine({ vocabularySize: 1024, ids: [300], contextLength: 4 });
    const asked = generation({}, 1024);
    await expect(all(generate({ engine, tokenizer, prompt: [], generation: asked, closing: never }))).rejects.toThrow(
      "the prompt is empty",
    );
    const long = all(generate({ engine, tokenizer, prompt: [1, 2, 3, 4, 5], generation: asked, closing: never }));
    await expect(long).rejects.toThrow(ContextLengthError);
    await expect(long).rejects.toMatchObject({ tokens: 5, limit: 4 });
    expect(engine.held).toBe(0);
  });
});

describe("n choices", () => {
  let engine: LfmEngine;
  beforeAll(async () => {
    engine = await openFixture("tiny-moe-Q4_0.gguf", { maxSequences: 3 });
  });
  afterAll(() => engine.close());

  it("are each what it would be alone with its seed and number", async () => {
    const prompt = goldenFiles[0]!.cases[2]!.ids;
    const warm = { temperature: 1.2, repetitionPenalty: 1.3, logitBias: { 300: 6 }, ignoreEos: true }; // what changes logits in place
    const asked = generation({ ...warm, seed: 42, n: 3, maxTokens: 24 }, tokenizer.vocabularySize);
    const tokens: number[][] = [[], [], []];
    const onToken = (index: number, id: number): void => void tokens[index]!.push(id);
    const read = await all(generate({ engine, tokenizer, prompt, generation: asked, closing: never, onToken }));
    expect(new Set(tokens.map((ids) => ids.join())).size).toBe(3);
    for (let index = 0; index < 3; index++) {
      const sequence = await engine.open();
      const alone: number[] = [];
      const options = { engine, tokenizer, generation: asked, index, prompt, visible: new Set<number>(), signal: never };
      const pieces = generateChoice({ ...options, onToken: (id) => alone.push(id) }, sequence, await engine.advance(sequence, prompt));
      let whole = "";
      for await (const piece of pieces) whole += piece.text;
      engine.release(sequence);
      expect(alone).toEqual(tokens[index]);
      expect(whole).toBe(said(read, index));
    }
    expect(read.at(-1)).toMatchObject({ type: "usage", usage: { promptTokens: prompt.length, completionTokens: 72 } });
  });
});

describe("continuations", () => {
  const completing = (script: Partial<Script> & { ids: readonly number[] }) => ({
    engine: new ScriptedEngine({ vocabularySize: tokenizer.vocabularySize, ...script }),
    tokenizer,
    constraints: new Constraints(tokenizer),
    defaults: { temperature: 0 },
    closing: never,
  });

  it("say the prompt first where that is asked for, each choice its own", async () => {
    const parts = await all(completeStream(completing({ ids: [300, eos] }), "Mina found", { echo: true, n: 2 }));
    const of = (index: number): string => parts.map((part) => (part.type === "text" && part.index === index ? part.text : "")).join("");
    expect([of(0), of(1)]).toEqual([`Mina found${text(300)}`, `Mina found${text(300)}`]);
    const ids = tokenizer.encode("Mina found");
    expect((await complete(completing({ ids: [eos] }), ids, { echo: true })).text).toBe("Mina found");
  });

  it("begin with BOS and have the control tokens that are written", async () => {
    const { usage } = await complete(completing({ ids: [eos] }), "<|im_start|>", {});
    expect(usage.promptTokens).toBe(2);
  });
});

describe("conversations", () => {
  const user = [{ role: "user" as const, content: "What time is it in Seoul?" }];
  const tools = [{ type: "function" as const, function: { name: "get_time", parameters: { properties: { city: { type: "string" } } } } }];

  function conversing(script: string, { name = "LFM2-8B-A1B", template }: { name?: string; template?: string } = {}): Conversing {
    const ids = [...tokenizer.encode(script, { special: true }), eos];
    return {
      engine: new ScriptedEngine({ vocabularySize: tokenizer.vocabularySize, ids }),
      tokenizer,
      template: createChatTemplate({ architecture: "lfm2moe", name, tokenizer, template }),
      constraints: new Constraints(tokenizer),
      defaults: { temperature: 0 },
      closing: never,
    };
  }
  const call = '<|tool_call_start|>[get_time(city="Seoul")]<|tool_call_end|>';

  it("have text, calls with their arguments, and a reason of their end", async () => {
    const parts = await all(chatStream(conversing(`Let me see. ${call}`), user, { tools }));
    const calls = parts.filter(({ type }) => type === "tool-call");
    expect(calls).toEqual([{ type: "tool-call", index: 0, callIndex: 0, id: expect.stringMatching(/^call_/), name: "get_time" }]);
    const json = parts.map((part) => (part.type === "tool-arguments" ? part.json : "")).join("");
    expect(JSON.parse(json)).toEqual({ city: "Seoul" });
    expect(parts.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe("Let me see.");
    expect(parts.slice(-2).map(({ type }) => type)).toEqual(["finish", "usage"]);
    expect(parts.at(-2)).toEqual({ type: "finish", index: 0, finishReason: "tool_calls" });
  });

  it("have the same whole", async () => {
    const { choices, usage, ...first } = await chat(conversing(`Let me see. ${call}`), user, { tools, logprobs: 0 });
    const toolCalls = [{ id: expect.stringMatching(/^call_/), name: "get_time", arguments: { city: "Seoul" } }];
    expect(first).toMatchObject({ index: 0, content: "Let me see.", reasoning: null, toolCalls, finishReason: "tool_calls" });
    expect(choices).toEqual([first]);
    expect(first.logprobs).toHaveLength(usage.completionTokens - 1); // all but EOS
    expect(
      tokenizer.decode(
        first.logprobs!.map(({ id }) => id),
        { special: true },
      ),
    ).toBe(`Let me see. ${call}`);
  });

  it("that call nothing end by stop or length, not by tool_calls", async () => {
    expect((await chat(conversing("Noon."), user, { tools })).finishReason).toBe("stop");
    const cut = await chat(conversing(`${call} and so on`), user, { tools, maxTokens: tokenizer.encode(call, { special: true }).length });
    expect([cut.finishReason, cut.toolCalls.length]).toEqual(["length", 1]);
  });

  it("have reasoning apart, and its tokens counted: opened by the model or by the prompt", async () => {
    const thought = tokenizer.encode("It is noon there.").length;
    const opened = await chat(conversing("<think>It is noon there.</think>Noon.", { name: "LFM2.5-1.2B-Thinking" }), user, {});
    expect(opened).toMatchObject({ content: "Noon.", reasoning: "It is noon there.", usage: { reasoningTokens: thought } });
    const template = "{{ bos_token }}{{ messages[0].content }}<think>";
    const prompted = await chat(conversing("It is noon there.</think>Noon.", { template }), user, {});
    expect(prompted).toMatchObject({ content: "Noon.", reasoning: "It is noon there.", usage: { reasoningTokens: thought } });
    const parts: ReplyPart[] = await all(chatStream(conversing("It is noon there.</think>Noon.", { template }), user, {}));
    const types = parts.map(({ type }) => type).filter((type, i, types) => type !== types[i - 1]);
    expect(types).toEqual(["reasoning", "text", "finish", "usage"]);
  });
});
