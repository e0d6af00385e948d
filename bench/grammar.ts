/**
 * Token masks: what one costs at each token of a reply, cold and warm, and what a grammar costs to compile.
 *
 * The vocabularies are those of the real models in size and, as far as JSON's signs go, in kind: made-up words, and tokens that join quotes, brackets,
 * commas, colons, digits and spaces as real ones do. `--vocabulary FILE.gguf` takes a model's own.
 */
import { parseArgs } from "node:util";
import { callsExpression, Grammar, Matcher, type TokenBytes, TokenMasks, TokenTrie } from "../src/grammar/index.ts";
import { formatExpression } from "../src/grammar/response-format.ts";
import { readGguf } from "../src/gguf/read.ts";
import { createTokenizer } from "../src/tokenizer/tokenizer.ts";
import { openSource } from "../src/weights/open-source.ts";
import { openFile } from "../src/runtime/node.ts";
import type { Tool } from "../src/types.ts";
import { Random } from "./synthetic/random.ts";
import { synthesizeTokenizer } from "./synthetic/tokenizer.ts";

const { values } = parseArgs({ options: { vocabulary: { type: "string" }, replies: { type: "string", default: "20" } } });
const encoder = new TextEncoder();

/** Signs that real vocabularies join, by themselves and around words. */
function signs(random: Random): Set<string> {
  const marks = ['"', "'", ",", ":", "{", "}", "[", "]", "(", ")", " ", "\n", "\\", "=", ".", "-", "_", "/", "<", ">", "0", "1", "é", "日"];
  const found = new Set<string>();
  for (const a of marks) for (const b of marks) for (const c of ["", ...marks]) found.add(a + b + c);
  for (let n = 0; n < 1000; n++) found.add(String(n));
  for (let n = 0; n < 2000; n++) {
    const word = Array.from({ length: 2 + (n % 6) }, () => random.pick("abcdefghijklmnopqrstuvwxyz".split(""))).join("");
    found
      .add(random.pick(marks) + word)
      .add(word + random.pick(marks))
      .add(word[0]!.toUpperCase() + word.slice(1));
  }
  return found;
}

function madeUp(size: number, kind: "lfm2" | "lfm2.5"): (id: number) => Uint8Array | undefined {
  const { tokens, types } = synthesizeTokenizer(size, kind, 1);
  const extra = [...signs(new Random("signs"))];
  const texts = tokens.map((token, id) => (types[id] === 1 && token.length > 2 && id % 8 === 0 ? (extra.pop() ?? token) : token)); // in place of words
  const bytes = texts.map((text, id) => (types[id] === 1 ? byteLevel(text) : undefined));
  return (id) => bytes[id];
}

/** Byte-level letters that are left as they are, but for the space and single bytes. */
const byteLevel = (text: string): Uint8Array =>
  text.length === 1 && text.charCodeAt(0) < 0x180 ? Uint8Array.of(text.charCodeAt(0) & 255) : encoder.encode(text.replaceAll("Ġ", " "));

const strict = (properties: object, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const address = strict({ street: { type: "string" }, city: { type: "string" }, zip: { type: "string", pattern: "^\\d{5}$" } });
const grammars: Readonly<Record<string, { make: () => Grammar; texts: string[] }>> = {
  "flat object": {
    make: () =>
      schema(strict({ name: { type: "string" }, age: { type: "integer", minimum: 0, maximum: 150 }, member: { type: "boolean" } })),
    texts: ['{"name": "Mina Park", "age": 42, "member": true}'],
  },
  "nested lists": {
    make: () =>
      schema(
        strict({
          people: {
            type: "array",
            items: strict({ name: { type: "string" }, mails: { type: "array", items: { type: "string" } }, address }, ["name"]),
          },
        }),
      ),
    texts: [
      '{"people": [{"name": "Mina", "mails": ["a@b.c", "d@e.f"], "address": {"street": "Long street 5", "city": "Seoul", "zip": "04524"}}, {"name": "Omar"}]}',
    ],
  },
  "union, limits": {
    make: () =>
      schema(
        strict({
          value: { anyOf: [{ type: "string", maxLength: 200 }, { type: "number", minimum: -90, maximum: 90 }, { type: "null" }, address] },
          on: { type: "string", format: "date" },
        }),
      ),
    texts: ['{"value": "some text of a sentence, and more", "on": "2024-02-29"}', '{"value": -12.75, "on": "1999-12-31"}'],
  },
  "any JSON": {
    make: () => schema({ type: "object" }),
    texts: ['{"a": [1, {"b": [true, null, "text with words"]}], "long key": {"x": {"y": {"z": []}}}}'],
  },
  "twenty tools": {
    make: () =>
      new Grammar(
        callsExpression(
          Array.from(
            { length: 20 },
            (_, i): Tool => ({
              type: "function",
              function: {
                name: `tool_${i}`,
                parameters: strict({ query: { type: "string" }, limit: { type: "integer", minimum: 1 }, place: address }, ["query"]),
              },
            }),
          ),
          { syntax: "pythonic", parallel: true, strict: true },
        ),
      ),
    texts: [
      "[tool_7(query='what is it', limit=10), tool_12(query=\"it's\", limit=3, place={'street': 'a b', \"city\": 'c', 'zip': '12345'})]",
    ],
  },
};
const schema = (one: object): Grammar => new Grammar(formatExpression({ type: "json_schema", schema: one as Record<string, unknown> })!);

const time = <T>(work: () => T): [ms: number, result: T] => {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
};
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

/** Says a text in the longest tokens that are allowed, and times mask and apply before each. */
function say(text: string, matcher: Matcher, tokensOf: Map<string, number>, logits: Float32Array, times: number[]): void {
  for (let at = 0; at < text.length; ) {
    logits.fill(1);
    times.push(time(() => matcher.mask().apply(logits))[0]);
    let length = Math.min(12, text.length - at);
    while (length > 0 && !(tokensOf.has(text.slice(at, at + length)) && matcher.allows(tokensOf.get(text.slice(at, at + length))!)))
      length--;
    if (length === 0) throw new Error(`no token for ${text.slice(at, at + 10)}`);
    matcher.accept(tokensOf.get(text.slice(at, at + length))!);
    at += length;
  }
  if (!matcher.complete) throw new Error(`${text} is not complete`);
}

async function vocabularies(): Promise<[string, number, (id: number) => Uint8Array | undefined][]> {
  if (values.vocabulary === undefined)
    return [
      ["made up, 65 536", 65_536, madeUp(65_536, "lfm2")],
      ["made up, 128 000", 128_000, madeUp(128_000, "lfm2.5")],
    ]; // prettier-ignore
  const { source, shard } = await openSource(values.vocabulary, openFile);
  const tokenizer = createTokenizer((await readGguf(source, { shard })).metadata);
  await source.close();
  return [[values.vocabulary, tokenizer.vocabularySize, (id) => (tokenizer.isSpecial(id) ? undefined : tokenizer.bytes(id))]];
}

console.log(process.version);
for (const [name, size, bytes] of await vocabularies()) {
  const [built, trie] = time(() => new TokenTrie(size, bytes));
  console.log(`${name}: trie of ${trie.byte.length} nodes in ${built.toFixed(0)} ms`);
  const decoder = new TextDecoder();
  const tokensOf = new Map(Array.from({ length: size }, (_, id): [string, number] => [decoder.decode(bytes(id) ?? new Uint8Array(0)), id]));
  const logits = new Float32Array(size);
  const all: number[] = [];
  for (const [kind, { make, texts }] of Object.entries(grammars)) {
    make();
    const compiled = Array.from({ length: 5 }, () => time(make)[0]).sort((a, b) => a - b)[2]!;
    // The code is warm, the masks are not: those of a run before are thrown away.
    const before: TokenBytes = { bytes, masks: new TokenMasks(trie) };
    for (const text of texts) say(text, new Matcher(make(), before), tokensOf, logits, []);
    const vocabulary: TokenBytes = { bytes, masks: new TokenMasks(trie) };
    const grammar = make();
    const [cold, times]: number[][] = [[], []];
    for (const text of texts) say(text, new Matcher(grammar, vocabulary), tokensOf, logits, cold!);
    for (let i = 0; i < Number(values.replies); i++)
      for (const text of texts) say(text, new Matcher(grammar, vocabulary), tokensOf, logits, times!);
    const sorted = [...cold!, ...times!].sort((a, b) => a - b);
    all.push(...sorted);
    const us = (ms: number): string => `${(ms * 1000).toFixed(0).padStart(5)} µs`;
    const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
    console.log(
      `  ${kind.padEnd(14)} compile ${compiled.toFixed(2).padStart(5)} ms   mask: mean ${us(mean)}  p50 ${us(quantile(sorted, 0.5))}  p99 ${us(quantile(sorted, 0.99))}  worst ${us(sorted.at(-1)!)}  of a first reply: mean ${us(cold!.reduce((a, b) => a + b, 0) / cold!.length)}`,
    );
  }
  all.sort((a, b) => a - b);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  console.log(`  all            mean ${(mean * 1000).toFixed(0)} µs  p99 ${(quantile(all, 0.99) * 1000).toFixed(0)} µs`);
}
