import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReplyParser, type ParsedReply, type ParseReplyOptions, parseReply, type ReplyPart, type Tool } from "../src/chat/index.ts";

const START = "<|tool_call_start|>";
const END = "<|tool_call_end|>";
const seed = 20260102;

const tools: Tool[] = [
  {
    type: "function",
    function: {
      name: "f",
      parameters: {
        type: "object",
        properties: {
          s: { type: "string" },
          n: { type: "integer" },
          x: { type: "number" },
          b: { type: "boolean" },
          o: { anyOf: [{ type: "string" }, { type: "null" }] },
          l: { type: "array", items: { type: "integer" } },
          m: { type: "object", properties: { n: { type: "integer" } } },
          e: { enum: ["kilo", "mile"] },
        },
      },
    },
  },
];

/** Calls by name and arguments, and the content around a body between "Hi" and "bye". */
function parseBody(body: string): { calls: [string, Record<string, unknown>][]; content: string } {
  const { toolCalls, content } = parseReply(`Hi ${START}${body}${END} bye`, { tools });
  return { calls: toolCalls.map((call) => [call.name, call.arguments]), content };
}

describe("bodies that are calls", () => {
  test.each<[string, [string, Record<string, unknown>][]]>([
    // Python's syntax
    ['[status(id="12345")]', [["status", { id: "12345" }]]],
    [
      "[math.add(a=1, b=-2.5), g(),]",
      [
        ["math.add", { a: 1, b: -2.5 }],
        ["g", {}],
      ],
    ],
    [" f(s = 'a') ", [["f", { s: "a" }]]],
    ["[]", []],
    ["", []],
    [
      `[g(a=True, b=false, c=None, d=null, e=+1, f=.5, h=1e3, i=0x1F, j=1_000, k=042)]`,
      [["g", { a: true, b: false, c: null, d: null, e: 1, f: 0.5, h: 1000, i: 31, j: 1000, k: 42 }]],
    ],
    [
      `[g(l=[1, 'a', {"k": (1, 2)}, []], d={'a': {'b': [None]}, 1: "x"})]`,
      [["g", { l: [1, "a", { k: [1, 2] }, []], d: { a: { b: [null] }, "1": "x" } }]],
    ],
    ['[g({"s": "q"})]', [["g", { s: "q" }]]],
    ['[g(**{"s": "q"}, t=1)]', [["g", { s: "q", t: 1 }]]],
    ["[g(class='a', from=1, content-type='x')]", [["g", { class: "a", from: 1, "content-type": "x" }]]],
    [String.raw`[g(s='a\'b\\\n\u00e9\x41\q', t="\ud83d\ude80")]`, [["g", { s: "a'b\\\né" + String.raw`A\q`, t: "🚀" }]]],
    ["[g(s='line 1\nline 2', t='''a 'b' \"c\"''')]", [["g", { s: "line 1\nline 2", t: "a 'b' \"c\"" }]]],
    ["[날씨(도시='서울')]", [["날씨", { 도시: "서울" }]]],
    // JSON
    [
      '[{"name": "g", "arguments": {"a": "b"}}, {"name": "h", "parameters": {}}]',
      [
        ["g", { a: "b" }],
        ["h", {}],
      ],
    ],
    ['{"name": "g", "arguments": "{\\"a\\": \\"{}\\"}"}', [["g", { a: "{}" }]]],
    ['{"type": "function", "function": {"name": "g", "arguments": {}}}', [["g", {}]]],
    [
      '{"name": "g"}\n{"name": "h", "arguments": null}',
      [
        ["g", {}],
        ["h", {}],
      ],
    ],
    ["[{'name': 'g', 'arguments': {'a': None, 'b': True}}]", [["g", { a: null, b: true }]]],
    // an apostrophe in a string that nobody escaped
    ["[g(s='Mum's list', n=3)]", [["g", { s: "Mum's list", n: 3 }]]],
    ["[g(s='the boys', then left', n=1)]", [["g", { s: "the boys', then left", n: 1 }]]],
    ["[g(s='he said (it's 'ok') today')]", [["g", { s: "he said (it's 'ok') today" }]]],
    ['[g(s="a "quoted" word")]', [["g", { s: 'a "quoted" word' }]]],
    ["[g(l=['it's', 'b'], d={'k': 'it's', 'j': 'c'})]", [["g", { l: ["it's", "b"], d: { k: "it's", j: "c" } }]]],
    // broken ones among good ones
    ["[f(1, 2), g(a=3)]", [["g", { a: 3 }]]],
    ["[g(a=3), h(x=1e999), i(y=NaN), j(z=@)]", [["g", { a: 3 }]]],
    ["[foo, g(a=1)]", [["g", { a: 1 }]]],
    ['[{"name": "f", "arguments": {"x": 1e999}}, {"name": "g", "arguments": {}}, {"name": 3}]', [["g", {}]]],
    // keys of Object.prototype are keys like any other
    ["[g(__proto__={'a': 1}, constructor=2)]", [["g", JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as Record<string, unknown>]]],
  ])("%s", (body, calls) => {
    expect(parseBody(body)).toEqual({ calls, content: "Hi\nbye" });
  });
});

describe("bodies that are text", () => {
  test.each([
    "hello",
    "[f(s='x'",
    "[f(s='x')",
    "[f(s='x'), ",
    "[f(s='x), g(a=1)]",
    "[f(s='it's), g(y='ok')]", // would swallow g
    "[f(s='it's, b='x')]", // would swallow b
    "[g(l=['it's, 'b'])]",
    "[g(x=1e999)]",
    "[g(x=NaN)]",
    "[g(x=-Infinity)]",
    "[g(x=Seoul)]", // no schema says that x is a string
    "[f(n=Seoul)]",
    "[f(1, 2)]",
    '{"name": "g", "arguments": [1]}',
    '{"name": "g", "arguments": "no JSON"}',
    '{"name": "g"',
    '{"nam": "g"}',
    `[g(x=${"[".repeat(100)}${"]".repeat(100)})]`,
    `{"name": "g", "arguments": {"x": ${"[".repeat(10_000)}${"]".repeat(10_000)}}}`,
  ])("%s", (body) => {
    expect(parseBody(body)).toEqual({ calls: [], content: `Hi\n${body.trim()}\nbye` });
  });
});

test.each<[string, Record<string, unknown>]>([
  ["s=Seoul", { s: "Seoul" }],
  ["s=New York", { s: "New York" }],
  ["s=007", { s: "007" }],
  ["s=2024-01-15", { s: "2024-01-15" }],
  ["s=True", { s: "True" }],
  ["s=None", { s: null }],
  ["s={'a': 1}", { s: '{"a":1}' }],
  ["o=None", { o: null }],
  ["o=3", { o: "3" }],
  ['n="3"', { n: 3 }],
  ['n="3.5"', { n: "3.5" }],
  ['x="-2.5e3"', { x: -2500 }],
  ['x="1e999"', { x: "1e999" }],
  ['b="True"', { b: true }],
  ["b=false", { b: false }],
  ['l="[1, 2]"', { l: [1, 2] }],
  ['l=["1", 2]', { l: [1, 2] }],
  ['m={"n": "4", "z": "4"}', { m: { n: 4, z: "4" } }],
  ["e=mile", { e: "mile" }],
  ['unknown="3"', { unknown: "3" }],
])("coerced to the schema: %s", (argument, expected) => {
  expect(parseBody(`[f(${argument})]`).calls).toEqual([["f", expected]]);
});

describe("around the calls", () => {
  const shown = (text: string, options: ParseReplyOptions = {}): [string, string | null, string[]] => {
    const { content, reasoning, toolCalls } = parseReply(text, options);
    return [content, reasoning, toolCalls.map((call) => `${call.name}${JSON.stringify(call.arguments)}`)];
  };
  test.each<[string, string, ParseReplyOptions, [string, string | null, string[]]]>([
    ["plain text is left as it is", "  a <b> \n", {}, ["  a <b> \n", null, []]],
    ["texts are joined by line ends", `a \n${START}[g()]${END}\n b${START}[h()]${END}c\n`, {}, ["a\nb\nc", null, ["g{}", "h{}"]]],
    ["a repeated body is dropped", `${START}[g(a=1)]${END}\n[g(a=1)]`, {}, ["", null, ['g{"a":1}']]],
    ["what follows a repeated body is kept", `${START}[g()]${END}[g()] Done.`, {}, ["Done.", null, ["g{}"]]],
    ["what only begins like the body is kept", `${START}[g(a=1)]${END}[g(a=2)]`, {}, ["[g(a=2)]", null, ['g{"a":1}']]],
    ["no end token, but a whole list", `${START}[g()]`, {}, ["", null, ["g{}"]]],
    ["cut in the middle", `a ${START}[g(a='b`, {}, ["a\n[g(a='b", null, []]],
    ["cut in a token", `a ${START}[g()]<|tool_call`, {}, ["a\n[g()]<|tool_call", null, []]],
    ["two start tokens", `${START}${START}[g()]${END}`, {}, ["", null, ["g{}"]]],
    ["a stray end token", `a${END}b`, {}, ["ab", null, []]],
    ["the end of the message", `${START}[g()]${END}<|im_end|>`, {}, ["", null, ["g{}"]]],
    ["reasoning", "<think>\na\n</think>\n\nb", {}, ["b", "a", []]],
    ["reasoning, then a call", `<think>a</think>${START}[g()]${END}`, {}, ["", "a", ["g{}"]]],
    ["a call inside of reasoning is none", `<think>${START}[g()]${END}</think>b`, {}, ["b", "[g()]", []]],
    ["reasoning that the prompt opened", `\na${START}[g()]${END}</think>\nb`, { reasoning: "open" }, ["b", "a[g()]", []]],
    ["and that the model opens again", "<think>a</think>b", { reasoning: "open" }, ["b", "a", []]],
    ["reasoning that does not end", "<think>a", {}, ["", "a", []]],
    ["empty reasoning", "<think></think>b", {}, ["b", null, []]],
    ["reasoning twice", "<think>a</think>b<think>c</think>d", {}, ["b\nd", "a\nc", []]],
    ["no reasoning wanted", "<think>a</think>b", { reasoning: "none" }, ["<think>a</think>b", null, []]],
    ["<think> in an argument", `${START}[g(s='<think>')]${END}`, {}, ["", null, ['g{"s":"<think>"}']]],
  ])("%s", (_, text, options, expected) => {
    expect(shown(text, options)).toEqual(expected);
  });

  test("ids", () => {
    let n = 0;
    const counted = parseReply(`${START}[g(), h()]${END}`, { newId: () => `id${n++}` });
    expect(counted.toolCalls.map((call) => call.id)).toEqual(["id0", "id1"]);
    const [a, b] = parseReply(`${START}[g(), h()]${END}`).toolCalls;
    expect(a?.id).toMatch(/^call_[0-9A-Za-z]{24}$/);
    expect(a?.id).not.toBe(b?.id);
  });
});

const SENTINELS = [START, END, "<think>", "</think>", "<|im_end|>", "<|endoftext|>"];
const reply = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...SENTINELS,
        "[g(a='it's')]",
        "[g()]",
        " [g()] ",
        '{"name": "f", "arguments": {"n": "3"}}',
        "[f(s=Seoul), h(1)]",
        "[g(a=",
      ),
      fc.constantFrom(
        "<",
        "<|",
        "<|tool_call_",
        "<th",
        "|>",
        "'",
        '"',
        "\\",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        ":",
        " ",
        "\n",
        "a",
        "1",
        "é🙂",
        "\ud83d",
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(""));
const reasoning = fc.constantFrom("none" as const, "auto" as const, "open" as const);

/** What a reader of the stream puts together. */
function collect(parts: ReplyPart[]): ParsedReply {
  const collected: ParsedReply = { content: "", reasoning: null, toolCalls: [] };
  const json: string[] = [];
  for (const part of parts) {
    if (part.type === "text") collected.content += part.text;
    if (part.type === "reasoning") collected.reasoning = (collected.reasoning ?? "") + part.text;
    if (part.type === "tool-call") collected.toolCalls.push({ id: part.id, name: part.name, arguments: {} });
    if (part.type === "tool-arguments") json[part.callIndex] = (json[part.callIndex] ?? "") + part.json;
  }
  for (const [i, call] of collected.toolCalls.entries()) call.arguments = JSON.parse(json[i] ?? "") as Record<string, unknown>;
  return collected;
}

describe("streaming", () => {
  test("any split gives what the whole gives", () => {
    fc.assert(
      fc.property(reply, fc.array(fc.nat({ max: 12 }), { maxLength: 30 }), reasoning, (text, lengths, mode) => {
        const options = { tools, reasoning: mode, newId: () => "id" };
        const parser = createReplyParser(options);
        const parts: ReplyPart[] = [];
        let at = 0;
        for (const length of lengths) {
          parts.push(...parser.push(text.slice(at, at + length)));
          at += length;
        }
        for (const char of text.slice(at).split("")) parts.push(...parser.push(char));
        parts.push(...parser.end());
        expect(collect(parts)).toEqual(parseReply(text, options));
      }),
      { seed, numRuns: 2000 },
    );
  });

  test("no part holds a token's text, and only calls are objects", () => {
    fc.assert(
      fc.property(reply, reasoning, (text, mode) => {
        const { content, reasoning, toolCalls } = parseReply(text, { tools, reasoning: mode });
        const tokens = mode === "none" ? SENTINELS.filter((token) => !token.includes("think")) : SENTINELS;
        const whole = tokens.filter((token) => text.includes(token));
        // Pieces around a dropped token may meet and look like one ("<th" + "<|im_end|>" + "ink>"): such texts say nothing here.
        const bare = tokens.reduce((rest, token) => rest.split(token).join(""), text);
        if (!tokens.some((token) => bare.includes(token)))
          for (const token of whole) expect(content + (reasoning ?? "")).not.toContain(token);
        for (const call of toolCalls) expect(JSON.parse(JSON.stringify(call.arguments))).toEqual(call.arguments);
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("text is sent as soon as it cannot be a token", () => {
    const parser = createReplyParser();
    const sent = ["Hel", "lo ", "<", "b> <|tool", "_call_start|>", "[g(", ")]", END, " x"].map((piece) => parser.push(piece));
    const texts = sent.map((parts) => parts.map((part) => (part.type === "text" ? part.text : part.type)).join("+"));
    expect(texts).toEqual(["Hel", "lo", "", " <b>", "", "", "", "tool-call+tool-arguments", "\nx"]);
  });

  test("parts carry their choice and call", () => {
    const parser = createReplyParser({ index: 2, newId: () => "id" });
    expect(parser.push(`${START}[g(), h(a=1)]${END}`)).toEqual([
      { type: "tool-call", index: 2, callIndex: 0, id: "id", name: "g" },
      { type: "tool-arguments", index: 2, callIndex: 0, json: "{}" },
      { type: "tool-call", index: 2, callIndex: 1, id: "id", name: "h" },
      { type: "tool-arguments", index: 2, callIndex: 1, json: '{"a":1}' },
    ]);
  });
});

test("long hostile bodies are read in a moment", () => {
  const n = 200_000;
  const bodies = ["'", "(", "[f(", "[g(a='", "[f(1),", '{"name":', "\\", " ", "[g(a='b' ,", "<", "[g(a=1a ", "[{"].map((piece) =>
    piece.repeat(n / piece.length),
  );
  const start = performance.now();
  for (const body of bodies) expect(parseReply(`${START}${body}${END}`, { tools }).toolCalls).toEqual([]);
  expect(performance.now() - start).toBeLessThan(5000); // some hundred milliseconds when the machine is idle
});
