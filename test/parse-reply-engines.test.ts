/**
 * What the tests of llama.cpp, vLLM and SGLang for LFM2 ask of a parser of well-formed replies, behaviour by behaviour, in cases of our own; and
 * each of them cut at every point. Where the engines disagree, the case says what is done here.
 */
import { describe, expect, test } from "vitest";
import { createReplyParser, type ParseReplyOptions, parseReply, type ReplyPart } from "../src/chat/index.ts";

type Calls = [name: string, args: object][];
interface Case {
  readonly engines: string; // L: llama.cpp, V: vLLM, S: SGLang
  readonly behaviour: string;
  readonly reply: string;
  readonly calls?: Calls;
  readonly content?: string;
  readonly reasoning?: string;
  readonly options?: ParseReplyOptions;
}

const START = "<|tool_call_start|>";
const END = "<|tool_call_end|>";
const body = (text: string): string => `${START}${text}${END}`;
const one = (name: string, args: object): Calls => [[name, args]];

const cases: readonly Case[] = [
  { engines: "LVS", behaviour: "text without a call", reply: "All good.\nAnything else?", content: "All good.\nAnything else?" },
  {
    engines: "L",
    behaviour: "links in Markdown are text",
    reply: "See [the docs](https://a.example).",
    content: "See [the docs](https://a.example).",
  },
  { engines: "L", behaviour: "a list of calls without the tokens is text", reply: "[clock()]", content: "[clock()]" },
  { engines: "LVS", behaviour: "one call", reply: body('[book(hotel_id="A7")]'), calls: one("book", { hotel_id: "A7" }) },
  { engines: "LVS", behaviour: "no arguments", reply: body("[clock()]"), calls: one("clock", {}) },
  {
    engines: "LVS",
    behaviour: "calls in parallel, their order kept",
    reply: body("[book(n=1), clock(), book(n=2)]"),
    calls: [
      ["book", { n: 1 }],
      ["clock", {}],
      ["book", { n: 2 }],
    ],
  },
  {
    engines: "LVS",
    behaviour: "several blocks",
    reply: `${body("[a(x=1)]")}\n${body("[b(y=2)]")}`,
    calls: [
      ["a", { x: 1 }],
      ["b", { y: 2 }],
    ],
  },
  { engines: "S", behaviour: "a call without the list around it", reply: body("clock(zone='KST')"), calls: one("clock", { zone: "KST" }) },
  { engines: "V", behaviour: "an empty list is no call", reply: body("[]") },
  { engines: "V", behaviour: "an empty list with a space is no call", reply: body("[ ]") },
  { engines: "V", behaviour: "white space behind the start token", reply: body(" \n[clock()]"), calls: one("clock", {}) },
  // values
  {
    engines: "VS",
    behaviour: "every type of value",
    reply: body("[put(s='Ann', n=37, m={'city': 'Oslo', 'zip': '0150'}, none=None, yes=True, l=['a', 'b'])]"),
    calls: one("put", { s: "Ann", n: 37, m: { city: "Oslo", zip: "0150" }, none: null, yes: true, l: ["a", "b"] }),
  },
  {
    engines: "L",
    behaviour: "JSON's literals",
    reply: body("[put(a=true, b=false, c=null)]"),
    calls: one("put", { a: true, b: false, c: null }),
  },
  {
    engines: "L",
    behaviour: "literals of both kinds inside of a mapping",
    reply: body('[put(m={"on": True, "note": null, "count": 3})]'),
    calls: one("put", { m: { on: true, note: null, count: 3 } }),
  },
  { engines: "V", behaviour: "an empty mapping and an empty list", reply: body("[put(m={}, l=[])]"), calls: one("put", { m: {}, l: [] }) },
  {
    engines: "LS",
    behaviour: "signed numbers and floats",
    reply: body("[put(a=-5, b=+5, c=-4.2, d=1e3)]"),
    calls: one("put", { a: -5, b: 5, c: -4.2, d: 1000 }),
  },
  { engines: "VS", behaviour: "leading zeros", reply: body("[day(month=07, day=05)]"), calls: one("day", { month: 7, day: 5 }) },
  {
    engines: "S",
    behaviour: "integers in base 2, 8 and 16",
    reply: body("[put(a=0b101, b=0o17, c=-0xff)]"),
    calls: one("put", { a: 5, b: 15, c: -255 }),
  },
  { engines: "S", behaviour: "a tuple is a list", reply: body("[put(t=(1, 2), u=('x',))]"), calls: one("put", { t: [1, 2], u: ["x"] }) },
  {
    engines: "VS",
    behaviour: "a set is a list, in its order",
    reply: body("[tag(t={'urgent', 'bug'}, n={3, 1})]"),
    calls: one("tag", { t: ["urgent", "bug"], n: [3, 1] }),
  },
  {
    engines: "S",
    behaviour: "strings with a prefix that changes nothing",
    reply: body(String.raw`[put(a=f'plain', b=u"x", c=r'a\nb')]`),
    calls: one("put", { a: "plain", b: "x", c: String.raw`a\nb` }),
  },
  {
    engines: "LVS",
    behaviour: "a list of mappings",
    reply: body("[shop.order(items=[{'name': 'rice', 'n': 2}, {'name': 'tea', 'n': 1}], to='4 Elm St')]"),
    calls: one("shop.order", {
      items: [
        { name: "rice", n: 2 },
        { name: "tea", n: 1 },
      ],
      to: "4 Elm St",
    }),
  },
  // names
  {
    engines: "LVS",
    behaviour: "a dotted name",
    reply: body('[Calendar.add(title="demo", who=["A", "B"])]'),
    calls: one("Calendar.add", { title: "demo", who: ["A", "B"] }),
  },
  {
    engines: "VS",
    behaviour: "Python's keywords as arguments",
    reply: body("[mail(from=1, in='x', class='c')]"),
    calls: one("mail", { from: 1, in: "x", class: "c" }),
  },
  // strings
  { engines: "LVS", behaviour: "both quotes", reply: body(`[say(a="it's", b='a "b"')]`), calls: one("say", { a: "it's", b: 'a "b"' }) },
  {
    engines: "VS",
    behaviour: "escaped quotes",
    reply: body(String.raw`[say(a='Jo\'s', b="a \"b\"")]`),
    calls: one("say", { a: "Jo's", b: 'a "b"' }),
  },
  {
    engines: "L",
    behaviour: "escapes are what they stand for",
    reply: body(String.raw`[run(code="def f():\n\treturn 'x'")]`),
    calls: one("run", { code: "def f():\n\treturn 'x'" }),
  },
  {
    engines: "VS",
    behaviour: "raw line ends",
    reply: body("[sh(c='cat > f <<E\nimport os\nE')]"),
    calls: one("sh", { c: "cat > f <<E\nimport os\nE" }),
  },
  { engines: "V", behaviour: "a NUL character", reply: body("[sh(c='a\0b')]"), calls: one("sh", { c: "a\0b" }) },
  {
    engines: "V",
    behaviour: "a bracket in a string",
    reply: body(`[sh(c='grep -F "]" log')]`),
    calls: one("sh", { c: 'grep -F "]" log' }),
  },
  {
    engines: "VS",
    behaviour: "the same quotes inside of a string",
    reply: body("[sh(c='sed -n '3,9p' src/a.ts')]"),
    calls: one("sh", { c: "sed -n '3,9p' src/a.ts" }),
  },
  {
    engines: "VS",
    behaviour: "a program with calls of its own inside of a string",
    reply: body("[sh(c='python -c \"from m import f\nprint(f(3, sep='\\,'))\"')]"),
    calls: one("sh", { c: "python -c \"from m import f\nprint(f(3, sep='\\,'))\"" }),
  },
  {
    engines: "LS",
    behaviour: "an apostrophe that nobody escaped",
    reply: body("[say(a='Kim's tea', n=1)]"),
    calls: one("say", { a: "Kim's tea", n: 1 }),
  },
  // JSON
  {
    engines: "S",
    behaviour: "a list of JSON calls",
    reply: body('[{"name": "find", "arguments": {"q": "x"}}]'),
    calls: one("find", { q: "x" }),
  },
  { engines: "S", behaviour: "one JSON call", reply: body('{"name": "find", "arguments": {"q": "x"}}'), calls: one("find", { q: "x" }) },
  {
    engines: "S",
    behaviour: "parameters for arguments",
    reply: body('{"name": "find", "parameters": {"q": "x"}}'),
    calls: one("find", { q: "x" }),
  },
  {
    engines: "S",
    behaviour: "arguments as a text of JSON",
    reply: body(String.raw`{"name": "find", "arguments": "{\"q\": \"x\"}"}`),
    calls: one("find", { q: "x" }),
  },
  // more than one thing wrong
  { engines: "S", behaviour: "keyword arguments from a mapping", reply: body("[put(**{'a': 1}, b=2)]"), calls: one("put", { a: 1, b: 2 }) },
  {
    engines: "VS",
    behaviour: "a broken sibling does not lose the good ones",
    reply: body("[put(a=1), bad(x=b'z'), put(a=2)]"),
    calls: [
      ["put", { a: 1 }],
      ["put", { a: 2 }],
    ],
  },
  {
    engines: "S",
    behaviour: "neither does one with positional arguments",
    reply: body("[bad(1, 2), put(a=1)]"),
    calls: one("put", { a: 1 }),
  },
  {
    engines: "S",
    behaviour: "nor an overflow",
    reply: body("[put(a=1), bad(x=1e999), bad(y=-Infinity), bad(z=nan)]"),
    calls: one("put", { a: 1 }),
  },
  { engines: "VS", behaviour: "nor what is no call", reply: body("[put(a=1), 5, later]"), calls: one("put", { a: 1 }) },
  {
    engines: "S",
    behaviour: "nor a broken JSON sibling",
    reply: body('[{"name": "put", "arguments": {"a": 1}}, {"name": "bad", "arguments": {"x": NaN}}]'),
    calls: one("put", { a: 1 }),
  },
  {
    engines: "S",
    behaviour: "an unknown function is passed on (SGLang drops it unless told)",
    reply: body("[unheard(a=1)]"),
    calls: one("unheard", { a: 1 }),
    options: { tools: [] },
  },
  // around calls
  { engines: "LVS", behaviour: "text before", reply: `Let me look.${body("[clock()]")}`, calls: one("clock", {}), content: "Let me look." },
  {
    engines: "V",
    behaviour: "text behind",
    reply: `${body("[clock()]")}\nI am looking.`,
    calls: one("clock", {}),
    content: "I am looking.",
  },
  {
    engines: "V",
    behaviour: "text on both sides",
    reply: `Let me look. ${body("[clock()]")}\nThere.`,
    calls: one("clock", {}),
    content: "Let me look.\nThere.",
  },
  {
    engines: "V",
    behaviour: "the body said again behind a second end token",
    reply: `${body("[put(a='1')]")}[put(a='1')]${END}`,
    calls: one("put", { a: "1" }),
  },
  {
    engines: "LV",
    behaviour: "a call that is cut is text (llama.cpp shows it as a partial call)",
    reply: `${START}[put(a=`,
    content: "[put(a=",
  },
  {
    engines: "V",
    behaviour: "a body that is nonsense is text, without the tokens (vLLM leaves them)",
    reply: body("[A(A=\t)A(A=,\t\t)A(A=,\t]"),
    content: "[A(A=\t)A(A=,\t\t)A(A=,\t]",
  },
  // reasoning
  { engines: "LS", behaviour: "reasoning before text", reply: "<think>One\ntwo</think>\n\nThree", reasoning: "One\ntwo", content: "Three" },
  {
    engines: "LS",
    behaviour: "reasoning before a call",
    reply: `<think>One</think>${body("[clock()]")}`,
    reasoning: "One",
    calls: one("clock", {}),
  },
  {
    engines: "S",
    behaviour: "reasoning that the prompt began",
    reply: "One</think>Two",
    reasoning: "One",
    content: "Two",
    options: { reasoning: "open" },
  },
  {
    engines: "L",
    behaviour: "no reasoning asked for",
    reply: "<think>One</think>Two",
    content: "<think>One</think>Two",
    options: { reasoning: "none" },
  },
];

function together(parts: ReplyPart[]): { content: string; reasoning: string; calls: Calls } {
  let [content, reasoning] = ["", ""];
  const calls: { name: string; json: string }[] = [];
  for (const part of parts) {
    if (part.type === "text") content += part.text;
    else if (part.type === "reasoning") reasoning += part.text;
    else if (part.type === "tool-call") calls[part.callIndex] = { name: part.name, json: "" };
    else if (part.type === "tool-arguments") calls[part.callIndex]!.json += part.json;
  }
  return { content, reasoning, calls: calls.map(({ name, json }) => [name, JSON.parse(json) as object]) };
}

function streamed(pieces: string[], options: ParseReplyOptions): ReturnType<typeof together> {
  const parser = createReplyParser(options);
  return together([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]);
}

describe("as the engines' tests ask", () => {
  test.each(cases)("$engines: $behaviour", ({ reply, calls = [], content = "", reasoning = "", options = {} }) => {
    const expected = { content, reasoning, calls };
    const parsed = parseReply(reply, options);
    expect({
      content: parsed.content,
      reasoning: parsed.reasoning ?? "",
      calls: parsed.toolCalls.map((call) => [call.name, call.arguments]),
    }).toEqual(expected);
    for (let cut = 0; cut <= reply.length; cut++) expect(streamed([reply.slice(0, cut), reply.slice(cut)], options)).toEqual(expected);
    expect(streamed(reply.split(""), options)).toEqual(expected);
  });
});
