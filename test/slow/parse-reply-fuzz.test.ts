/** A million replies of pieces that matter to the parser, and time that grows with their length. */
import { expect, it } from "vitest";
import { createReplyParser, parseReply, type ReplyPart, type Tool } from "../../src/chat/index.ts";

const RUNS = 1_000_000;
const START = "<|tool_call_start|>";
const END = "<|tool_call_end|>";

// prettier-ignore
const PIECES = [
  START,
  END,
  "<think>",
  "</think>",
  "<|im_end|>",
  "<|endoftext|>",
  "<|tool_call_",
  "<",
  "|>",
  "[",
  "]",
  "(",
  ")",
  "{",
  "}",
  ",",
  ":",
  "=",
  "'",
  '"',
  "'''",
  "\\",
  "\\u00e",
  "\\ud83d\\ude80",
  " ",
  "\n",
  "\t",
  "\0",
  ".",
  "-",
  "+",
  "**",
  "_",
  "0",
  "7",
  "1e999",
  "0x",
  "1_0",
  "NaN",
  "None",
  "true",
  "f(",
  "f.g(",
  "a=",
  "n=",
  "'a'",
  '"b"',
  "it's",
  "f'",
  "b'",
  'r"',
  "[f(a='b')]",
  "[f(n=3), g()]",
  '{"name": "f", "arguments": {',
  '"arguments": "{\\"a\\": 1}"}',
  '[{"name": "f", "arguments": {"n": "3"}}]',
  "__proto__=",
  "é",
  "날씨",
  "🙂",
  "\ud83d",
  "\udc00",
  "\u2028",
  "x",
];
const tools: Tool[] = [
  {
    type: "function",
    function: {
      name: "f",
      parameters: {
        type: "object",
        properties: { a: { type: "string" }, n: { type: "integer" }, l: { type: "array", items: { type: "number" } } },
      },
    },
  },
];

/** Mulberry32: a whole number below n. */
function random(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const VALUES = [
  "1",
  "-2.5",
  "'b'",
  '"c"',
  "'it's'",
  "[1, 'x']",
  "{'k': None}",
  "{1, 2}",
  "True",
  "word",
  "[{}, ()]",
  "07",
  "f'x'",
  "'''y'''",
  "1e999",
  "b'z'",
];

function anything(below: (n: number) => number): string {
  const pieces = Array.from({ length: 1 + below(14) }, () => PIECES[below(PIECES.length)]!);
  return (below(2) ? START : "") + pieces.join("");
}

/** Calls as a model writes them, with at most two pieces in wrong places. */
function almostCalls(below: (n: number) => number): string {
  const args = (): string => Array.from({ length: below(4) }, () => `${"anl".charAt(below(3))}=${VALUES[below(VALUES.length)]}`).join(", ");
  const calls = Array.from({ length: 1 + below(3) }, () => `${below(2) ? "f" : "f.g"}(${args()})`);
  let reply = `${START}[${calls.join(", ")}]${END}`;
  for (let n = below(3); n > 0; n--) {
    const at = below(reply.length);
    reply = reply.slice(0, at) + PIECES[below(PIECES.length)] + reply.slice(at + below(2));
  }
  return reply;
}

function said(parts: ReplyPart[]): string {
  let [text, reasoning, calls] = ["", "", ""];
  for (const part of parts) {
    if (part.type === "text") text += part.text;
    else if (part.type === "reasoning") reasoning += part.text;
    else if (part.type === "tool-call") calls += `${part.name}:`;
    else if (part.type === "tool-arguments") calls += `${JSON.stringify(JSON.parse(part.json))};`;
  }
  return JSON.stringify([text, reasoning, calls]);
}

it(`${RUNS} replies: none throws, and each is the same in pieces`, () => {
  const below = random(20260103);
  let calls = 0;
  for (let run = 0; run < RUNS; run++) {
    const reply = run % 2 === 0 ? anything(below) : almostCalls(below);
    const options = { tools, reasoning: (["auto", "open", "none"] as const)[run % 3]!, newId: () => "id" };
    const whole = parseReply(reply, options);
    calls += whole.toolCalls.length;
    const parser = createReplyParser(options);
    const cut = below(reply.length + 1);
    const parts = [...parser.push(reply.slice(0, cut)), ...parser.push(reply.slice(cut)), ...parser.end()];
    const expected = JSON.stringify([
      whole.content,
      whole.reasoning ?? "",
      whole.toolCalls.map((call) => `${call.name}:${JSON.stringify(call.arguments)};`).join(""),
    ]);
    if (said(parts) !== expected) expect.fail(`cut at ${cut}: ${JSON.stringify(reply)} gives ${said(parts)}, whole ${expected}`);
  }
  expect(calls).toBeGreaterThan(RUNS / 20); // the pieces do make calls
});

it("time grows with the length", () => {
  const below = random(7);
  const took = (reply: string): number => {
    const start = performance.now();
    parseReply(reply, { tools });
    return performance.now() - start;
  };
  const best = (reply: string): number => Math.min(took(reply), took(reply), took(reply));
  const worse: string[] = [];
  for (let run = 0; run < 2000; run++) {
    const pick = (count: number): string => Array.from({ length: count }, () => PIECES[below(PIECES.length)]!).join("");
    const [head, unit] = [START + pick(below(4)), pick(1 + below(4))];
    const of = (length: number): string => head + unit.repeat(Math.ceil(length / unit.length)) + (run % 2 ? END : "");
    const [short, long] = [best(of(2_000)), best(of(64_000))]; // 32 times as long; a square would be 1024 times as slow
    if (long > 32 * 8 * Math.max(short, 0.05)) worse.push(`${JSON.stringify([head, unit])}: ${short.toFixed(2)} → ${long.toFixed(2)} ms`);
  }
  expect(worse).toEqual([]);
});
