/** Replies held to formats and tools, in the loop that generates: a model that wants something else says what it must. */
import { beforeAll, describe, expect, it } from "vitest";
import { createChatTemplate } from "../src/chat/chat-template.ts";
import { UnsupportedError } from "../src/errors.ts";
import { chat, type Conversing } from "../src/generate/chat.ts";
import { complete } from "../src/generate/complete.ts";
import { Constraints } from "../src/generate/constraints.ts";
import { createTokenizer, type Tokenizer } from "../src/tokenizer/tokenizer.ts";
import type { ChatOptions, CompleteOptions } from "../src/types.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { fixtureMetadata } from "./tokenizer-fixtures.ts";

let tokenizer: Tokenizer;
let constraints: Constraints;
beforeAll(async () => {
  tokenizer = createTokenizer(await fixtureMetadata("tiny-moe-Q4_0.gguf"));
  constraints = new Constraints(tokenizer);
});

const user = [{ role: "user" as const, content: "What time is it in Seoul?" }];
const tool = (name: string, parameters: Record<string, unknown>, strict = true) => ({
  type: "function" as const,
  function: { name, parameters, strict },
});
const tools = [
  tool("get_time", { type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
  tool("get_weather", { type: "object", properties: { city: { type: "string" }, unit: { enum: ["c", "f"] } }, required: ["city"] }),
];

/** A model that says the script, then ends; behind that, or where the script may not go on, whatever is allowed. */
function model(script: string, name = "LFM2-8B-A1B", template?: string): Conversing {
  const ids = [...tokenizer.encode(script, { special: true }), ...Array.from({ length: 200 }, () => tokenizer.eos!)];
  return {
    engine: new ScriptedEngine({ vocabularySize: tokenizer.vocabularySize, ids }),
    tokenizer,
    constraints,
    template: createChatTemplate({ architecture: "lfm2moe", name, tokenizer, template }),
    defaults: { temperature: 0 },
    closing: new AbortController().signal,
  };
}
const say = (script: string, options: ChatOptions, name?: string, template?: string) =>
  chat(model(script, name, template), user, { maxTokens: 150, ...options });
const go = (script: string, options: CompleteOptions) => complete(model(script), "Say:", { maxTokens: 150, ...options });

const REASONING = "LFM2.5-8B-A1B";
const call = "<|tool_call_start|>[get_time(city='Seoul')]<|tool_call_end|>";

describe("formats", () => {
  it("are kept to, whatever the model would say", async () => {
    const schema = {
      type: "object",
      properties: { city: { enum: ["Seoul", "Busan"] }, n: { type: "integer", maximum: 99, minimum: 10 } },
      required: ["city", "n"],
      additionalProperties: false,
    };
    const { content, finishReason } = await say("It is late.", { responseFormat: { type: "json_schema", schema } });
    expect(finishReason).toBe("stop");
    const { city, n } = JSON.parse(content) as { city: string; n: number };
    expect(["Seoul", "Busan"]).toContain(city);
    expect(n).toBeGreaterThanOrEqual(10);
  });

  it("let pass what is in them, token for token", async () => {
    const text = '{"answer": "It is 3 o\'clock, 서울", "sure": true}';
    const { content, usage } = await say(text, { responseFormat: { type: "json_object" } });
    expect(content).toBe(text);
    expect(usage.completionTokens).toBe(tokenizer.encode(text).length); // and no stop token: nothing else could follow
  });

  it("end where they are complete, and by a stop token where more could follow", async () => {
    expect((await say("42", { responseFormat: { type: "regex", pattern: "\\d+" } })).content).toBe("42");
    expect((await say("yes, of course", { responseFormat: { type: "choice", choices: ["yes", "no"] } })).content).toBe("yes");
    expect((await go("abab", { responseFormat: { type: "gbnf", grammar: 'root ::= ("a" | "b")+' } })).text).toBe("abab");
  });

  it("minTokens holds back the end as long as something else may come; without EOS a format goes on to its end", async () => {
    const digits = { responseFormat: { type: "regex", pattern: "\\d{1,8}" } } as const;
    expect((await go("4", { ...digits, minTokens: 8 })).text).toHaveLength(8);
    expect((await go("4", { ...digits, minTokens: 50 })).finishReason).toBe("stop");
    expect((await go("4", { ...digits, ignoreEos: true })).text).toHaveLength(8);
    const { finishReason, text } = await go("4", { responseFormat: { type: "regex", pattern: "\\d*" }, ignoreEos: true, maxTokens: 20 });
    expect(finishReason).toBe("length");
    expect(text).toMatch(/^\d{20,}$/);
  });

  it("stop strings, n, penalties and log-probabilities work with them", async () => {
    const json = { type: "json_object" } as const;
    expect((await go('{"a": "bcd"}', { responseFormat: json, stop: "c" })).text).toBe('{"a": "b');
    const { choices } = await go("7", {
      responseFormat: { type: "regex", pattern: "[0-9]{3}" },
      n: 3,
      temperature: 2,
      seed: 1,
      frequencyPenalty: 1,
    });
    expect(choices.map(({ text }) => /^[0-9]{3}$/.test(text))).toEqual([true, true, true]);
    const { logprobs } = await go("no", { responseFormat: { type: "choice", choices: ["yes"] }, logprobs: 1 });
    expect(logprobs![0]!.logprob).toBeLessThan(logprobs![0]!.top[0]!.logprob); // the model's own, not the mask's
    await expect(
      go("x", {
        responseFormat: { type: "choice", choices: ["yes"] },
        logitBias: Object.fromEntries(Array.from({ length: 1000 }, (_, id) => [id, -Infinity])),
      }),
    ).rejects.toThrow(/^logitBias/);
  });

  it("the same in a sampled reply as in a greedy one: the likeliest that is allowed", async () => {
    const format = { responseFormat: { type: "regex", pattern: "[xyz]{5}" } } as const;
    expect((await go("abcde", { ...format, temperature: 1, topK: 1 })).text).toBe((await go("abcde", format)).text);
  });

  it("what is wrong with them is said before the first token, by name", async () => {
    await expect(say("", { responseFormat: { type: "json_schema", schema: { type: "array", uniqueItems: true } } })).rejects.toMatchObject({
      name: "UnsupportedError",
      param: "responseFormat",
      message: "responseFormat.schema.uniqueItems: the keyword uniqueItems is not supported",
    });
    await expect(say("", { responseFormat: { type: "json_schema", schema: false } })).rejects.toThrow(/^responseFormat: nothing can match/);
    await expect(say("", { responseFormat: { type: "regex", pattern: "(" } })).rejects.toThrow(/^responseFormat: no regular expression/);
    await expect(say("", { responseFormat: { type: "gbnf", grammar: "root ::= root" } })).rejects.toBeInstanceOf(UnsupportedError);
    await expect(say("", { responseFormat: { type: "xml" } as never })).rejects.toThrow(/^responseFormat\.type "xml"/);
    const cyclic: Record<string, unknown> = {};
    cyclic["items"] = cyclic;
    await expect(say("", { responseFormat: { type: "json_schema", schema: cyclic } })).rejects.toThrow(/^responseFormat/);
  });
});

describe("tools", () => {
  it("required: a call comes, of the tools there are, and nothing else", async () => {
    const reply = await say("It is late.", { tools, toolChoice: "required" });
    expect([reply.finishReason, reply.content]).toEqual(["tool_calls", ""]);
    expect(["get_time", "get_weather"]).toContain(reply.toolCalls[0]!.name);
    expect(typeof reply.toolCalls[0]!.arguments["city"]).toBe("string");
    expect(await say(`${call} And more.`, { tools, toolChoice: "required" })).toMatchObject({
      content: "",
      toolCalls: [{ name: "get_time", arguments: { city: "Seoul" } }],
    });
  });

  it("by name: a call of that one", async () => {
    const { toolCalls } = await say(call, { tools, toolChoice: { name: "get_weather" } });
    expect(toolCalls.map(({ name }) => name)).toEqual(["get_weather"]);
    await expect(say("", { tools, toolChoice: { name: "other" } })).rejects.toThrow(/^toolChoice names "other"/);
    await expect(say("", { toolChoice: "required" })).rejects.toThrow(/^toolChoice/);
  });

  it("auto: text is free, a call that begins is held to the tools", async () => {
    expect(await say(`Let me see. ${call}`, { tools })).toMatchObject({
      content: "Let me see.",
      toolCalls: [{ name: "get_time" }],
      finishReason: "tool_calls",
    });
    const { toolCalls } = await say("<|tool_call_start|>[get_weather(city='Seoul', unit='kelvin', more=1)]<|tool_call_end|>", { tools });
    expect(["c", "f"]).toContain(toolCalls[0]!.arguments["unit"]);
    expect(Object.keys(toolCalls[0]!.arguments)).toEqual(["city", "unit"]);
    expect(await say("No call.", { tools })).toMatchObject({ content: "No call.", toolCalls: [] });
  });

  it("none: no call begins", async () => {
    const { toolCalls } = await say(`A ${call}`, { tools, toolChoice: "none" });
    expect(toolCalls).toEqual([]);
  });

  it("parallel calls can be forbidden, in a list and in a second one", async () => {
    const two = "<|tool_call_start|>[get_time(city='Seoul'), get_time(city='Busan')]<|tool_call_end|>";
    expect((await say(two, { tools, toolChoice: "required" })).toolCalls).toHaveLength(2);
    expect((await say(two, { tools, toolChoice: "required", parallelToolCalls: false })).toolCalls).toHaveLength(1);
    expect((await say(two, { tools, parallelToolCalls: false })).toolCalls).toHaveLength(1);
    expect((await say(call + call, { tools })).toolCalls).toHaveLength(2);
    expect((await say(call + call, { tools, parallelToolCalls: false })).toolCalls).toHaveLength(1);
  });

  it("with a format: the format, or a call in its place", async () => {
    const options: ChatOptions = { tools, responseFormat: { type: "json_object" } };
    expect(await say("{}", options)).toMatchObject({ content: "{}", toolCalls: [] });
    expect(await say(call, options)).toMatchObject({ content: "", toolCalls: [{ name: "get_time" }] });
  });

  it("a call that is cut off is text", async () => {
    const reply = await say(call, { tools, toolChoice: "required", maxTokens: 4 });
    expect([reply.finishReason, reply.toolCalls]).toEqual(["length", []]);
  });
});

describe("reasoning", () => {
  const options: ChatOptions = { responseFormat: { type: "regex", pattern: "[ab]{3}" } };

  it("is free, and what follows is held to the format", async () => {
    const reply = await say("<think>Hm, <b> {\n</think>Well", options, REASONING);
    expect(reply.reasoning).toBe("Hm, <b> {");
    expect(reply.content).toMatch(/^[ab]{3}$/);
    expect(await say("aba", options, REASONING)).toMatchObject({ reasoning: null, content: "aba" });
  });

  it("does not come of being barred from something else", async () => {
    const second = tokenizer.id("<think>")!;
    for (const temperature of [0, 1]) {
      const ids = Array.from({ length: 10 }, () => tokenizer.encode("x")[0]!);
      const engine = new ScriptedEngine({ vocabularySize: tokenizer.vocabularySize, ids, second });
      const reply = await chat({ ...model("", REASONING), engine }, user, { ...options, temperature });
      expect(reply).toMatchObject({ reasoning: null, content: expect.stringMatching(/^[ab]{3}$/) });
    }
  });

  it("cannot be left by its end spelled out, nor by a stop token", async () => {
    const thinking = [tokenizer.id("<think>")!, ...tokenizer.encode("x</think>free"), tokenizer.eos!, tokenizer.id("</think>")!];
    const one = model("", REASONING);
    const engine = new ScriptedEngine({
      vocabularySize: tokenizer.vocabularySize,
      ids: [...thinking, ...Array.from({ length: 100 }, () => tokenizer.eos!)],
    });
    const reply = await chat({ ...one, engine }, user, { ...options, maxTokens: 100 });
    expect(reply.content).toMatch(/^[ab]{3}$/);
    expect(reply.reasoning).toMatch(/^x<\/think[^>]/);
  });

  it("is as long as it may be", async () => {
    const long = `<think>${"one two three ".repeat(10)}</think>Done.`;
    for (const maxThinkingTokens of [1, 5]) {
      const { usage, reasoning, content } = await say(long, { maxThinkingTokens }, REASONING);
      expect(usage.reasoningTokens).toBe(maxThinkingTokens);
      expect(reasoning).not.toBeNull();
      expect(content).toBe(
        tokenizer
          .decode(tokenizer.encode(`${"one two three ".repeat(10)}</think>Done.`, { special: true }).slice(maxThinkingTokens + 1))
          .replace("</think>", "")
          .trim(),
      );
    }
    expect(await say(long, { ...options, maxThinkingTokens: 3 }, REASONING)).toMatchObject({
      content: expect.stringMatching(/^[ab]{3}$/),
      usage: { reasoningTokens: 3 },
    });
    expect((await say(long, { maxThinkingTokens: 0 }, REASONING)).reasoning).toBeNull();
    expect((await go("<think>a b c d e f g h</think>x", { maxThinkingTokens: 2 })).text).toMatch(/^<think>.{1,8}<\/think>/s);
    expect((await say("plain", { maxThinkingTokens: 2 })).content).toBe("plain");
  });

  it("comes before a call, too", async () => {
    const reply = await say(`<think>I need the time.</think>${call}`, { tools, toolChoice: "required" }, REASONING);
    expect(reply).toMatchObject({ reasoning: "I need the time.", toolCalls: [{ name: "get_time" }], finishReason: "tool_calls" });
  });
});
