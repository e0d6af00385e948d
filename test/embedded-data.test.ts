/** What Python makes of the embedded model's conversations in train/, and what this engine makes of them: it must be the same. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ChatTemplate, createChatTemplate } from "../src/chat/chat-template.ts";
import { parseReply } from "../src/chat/parse-reply.ts";
import { createTokenizer } from "../src/tokenizer/tokenizer.ts";
import type { Message, ToolCall } from "../src/types.ts";
import { type EvaluationExample, type ExpectedCall, isRight } from "../train/score.ts";
import { fixture, type Metadata } from "./tokenizer-fixtures.ts";

const read = (name: string): string => readFileSync(new URL(`../train/${name}`, import.meta.url), "utf8");
const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

interface TokenizerFile {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { vocab: Record<string, number>; merges: [string, string][] };
}
/** train/tokenizer.json as a GGUF file carries it. */
function tokenizerMetadata(): Metadata {
  const { added_tokens: added, model } = JSON.parse(read("tokenizer.json")) as TokenizerFile;
  const tokens = Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
  const types = tokens.map(() => 1);
  for (const { id, special } of added) types[id] = special ? 3 : 4;
  return new Map<string, Metadata extends Map<string, infer V> ? V : never>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "lfm2"],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", Int32Array.from(types)],
    ["tokenizer.ggml.merges", model.merges.map((merge) => merge.join(" "))],
    ["tokenizer.ggml.padding_token_id", 0],
    ["tokenizer.ggml.bos_token_id", 1],
    ["tokenizer.ggml.eos_token_id", 7],
  ]);
}

const tokenizer = createTokenizer(tokenizerMetadata());
const template: ChatTemplate = createChatTemplate({
  template: read("template.jinja"),
  tokenizer,
  architecture: "lfm2moe",
  name: undefined,
});
const evaluation = read("evaluation.jsonl")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as EvaluationExample & { prompt: string; ids: string });

/** What the model is to write for these calls, special tokens included. */
function written(calls: readonly ExpectedCall[]): string {
  const toolCalls = calls.map((call) => ({ type: "function" as const, function: call }));
  const messages: Message[] = [
    { role: "user", content: "Go" },
    { role: "assistant", content: "", tool_calls: toolCalls },
  ];
  const { ids } = template.render(messages, { addGenerationPrompt: false });
  return tokenizer.decode(ids, { special: true }).split("<|im_start|>assistant\n")[1]!;
}

const readBack = (calls: readonly ExpectedCall[]): ExpectedCall[] =>
  parseReply(written(calls)).toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }));

describe("the tokenizer", () => {
  test("has LFM2's special tokens", () => {
    const ids = ["pad", "startoftext", "endoftext", "fim_pre", "fim_mid", "fim_suf", "im_start", "im_end"].map((name) =>
      tokenizer.id(`<|${name}|>`),
    );
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(
      ["tool_list", "tool_call", "tool_response"].flatMap((name) => [tokenizer.id(`<|${name}_start|>`), tokenizer.id(`<|${name}_end|>`)]),
    ).toEqual([8, 9, 10, 11, 12, 13]);
    for (const text of ["<think>", "</think>"]) expect(tokenizer.isControl(tokenizer.id(text)!)).toBe(false);
  });

  test("cuts a name into the same tokens wherever it stands", () => {
    const name = tokenizer.encode("Zorvik");
    for (const before of [" ", '"', "_", '="', "(", "\n"]) expect(tokenizer.encode(`${before}Zorvik`).slice(-name.length)).toEqual(name);
    expect(tokenizer.encode("2026")).toHaveLength(4);
  });
});

describe("the chat template", () => {
  test("is recognised", () => {
    expect(template.toolSyntax).toBe("pythonic");
    expect(template.reasoning).toBe(true);
    expect(template.render([{ role: "user", content: "Hi" }]).thinkOpened).toBe(false);
  });

  interface PromptCase {
    name: string;
    messages: Message[];
    tools?: EvaluationExample["tools"];
    kwargs?: Record<string, unknown>;
    add_generation_prompt?: boolean;
    text: string;
    ids: number[];
  }
  const cases = JSON.parse(readFileSync(fixture("embedded-prompts.json"), "utf8")) as PromptCase[];
  test.each(cases.map((one) => [one.name, one] as const))("renders and cuts as Python does: %s", (_, one) => {
    const { text, ids } = template.render(one.messages, {
      ...(one.tools && { tools: one.tools }),
      ...(one.kwargs && { templateArguments: one.kwargs }),
      addGenerationPrompt: one.add_generation_prompt ?? true,
    });
    expect(text).toBe(one.text);
    expect(ids).toEqual(one.ids);
  });

  test("renders and cuts all of the evaluation as Python does", () => {
    for (const { messages, tools, kwargs, prompt, ids, figure } of evaluation) {
      const rendered = template.render(messages, { ...(tools && { tools }), ...(kwargs && { templateArguments: kwargs }) });
      expect(hash(rendered.text), `${figure}: ${rendered.text}`).toBe(prompt);
      expect(hash(rendered.ids.join(",")), `${figure}: ${rendered.text}`).toBe(ids);
    }
  });

  test("writes calls that are read back as they were", () => {
    for (const { expect: wanted } of evaluation) if (wanted.calls !== undefined) expect(readBack(wanted.calls)).toEqual(wanted.calls);
    for (const { messages } of cases) {
      for (const message of messages) {
        const calls = "tool_calls" in message ? message.tool_calls.map((call) => call.function as ExpectedCall) : [];
        if (calls.length > 0) expect(readBack(calls)).toEqual(calls);
      }
    }
  });
});

describe("the evaluation", () => {
  test("has enough examples of each figure that is to be reached", () => {
    const counts = new Map<string, number>();
    for (const { figure } of evaluation) counts.set(figure, (counts.get(figure) ?? 0) + 1);
    for (const figure of ["tool-call seen-tools", "tool-call unseen-tools", "no-call", "json-extraction", "context-answer", "refusal"])
      expect(counts.get(figure), figure).toBeGreaterThanOrEqual(100);
  });

  test("has sixty prompts written by hand, of other words", () => {
    const { tools, prompts } = JSON.parse(read("handwritten.json")) as {
      tools: object;
      prompts: { messages: Message[]; tools?: string[]; expect: object }[];
    };
    expect(prompts).toHaveLength(60);
    const generated = new Set(evaluation.map(({ messages }) => JSON.stringify(messages.at(-1)!.content)));
    for (const { messages, tools: names = [], expect: wanted } of prompts) {
      expect(generated.has(JSON.stringify(messages.at(-1)!.content))).toBe(false);
      for (const name of names) expect(Object.keys(tools)).toContain(name);
      expect(["calls", "json", "answer", "absent", "no_call"]).toContain(Object.keys(wanted).join());
    }
  });
});

describe("scoring", () => {
  const text = (content: string) => ({ content, toolCalls: [] });
  const calling = (...calls: ExpectedCall[]) => ({ content: "", toolCalls: calls.map((call): ToolCall => ({ id: "x", ...call })) });
  const f = { name: "f", arguments: { a: "x", n: 2 } };
  const g = { name: "g", arguments: {} };

  test("calls: names and all arguments, in any order, and no others", () => {
    expect(isRight(calling(f, g), { calls: [g, f] })).toBe(true);
    expect(isRight(calling({ name: "f", arguments: { n: 2, a: "x" } }), { calls: [f] })).toBe(true);
    expect(isRight(calling(f), { calls: [f, g] })).toBe(false);
    expect(isRight(calling(f, f), { calls: [f] })).toBe(false);
    expect(isRight(calling({ name: "f", arguments: { a: "x", n: "2" } }), { calls: [f] })).toBe(false);
    expect(isRight(calling({ name: "f", arguments: { a: "x", n: 2, b: null } }), { calls: [f] })).toBe(false);
    expect(isRight(calling({ name: "F", arguments: f.arguments }), { calls: [f] })).toBe(false);
    expect(isRight(text("f"), { calls: [f] })).toBe(false);
  });

  test("JSON: the value, whatever the order of keys and the spaces", () => {
    expect(isRight(text('{"b":[1],  "a": null}\n'), { json: { a: null, b: [1] } })).toBe(true);
    expect(isRight(text('{"a": null, "b": ["1"]}'), { json: { a: null, b: [1] } })).toBe(false);
    expect(isRight(text('Here: {"a": 1}'), { json: { a: 1 } })).toBe(false);
    expect(isRight(text("null"), { json: { a: 1 } })).toBe(false);
    expect(isRight(calling(f), { json: {} })).toBe(false);
  });

  test("an answer: one of the texts, to the letter", () => {
    expect(isRight(text(" 8:30\n"), { answer: ["8:30", "half past eight"] })).toBe(true);
    expect(isRight(text("8:30."), { answer: "8:30" })).toBe(false);
    expect(isRight(text("The text does not say."), { absent: "The text does not say." })).toBe(true);
    expect(isRight(text("blue"), { absent: "The text does not say." })).toBe(false);
  });

  test("no call: any text, but some text", () => {
    expect(isRight(text("Sorry."), { no_call: "I have no tool for that." })).toBe(true);
    expect(isRight(text(" "), { no_call: "I have no tool for that." })).toBe(false);
    expect(isRight(calling(g), { no_call: "I have no tool for that." })).toBe(false);
  });
});
