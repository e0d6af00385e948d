/** Vocabularies, walks through a grammar's masks, and documents in canonical form. */
import type { Expression } from "../src/grammar/expression.ts";
import { Grammar, Matcher, type TokenBytes, TokenMasks, TokenTrie } from "../src/grammar/index.ts";
import { formatExpression } from "../src/grammar/response-format.ts";

const encoder = new TextEncoder();

/** Tokens as they are: texts, or bytes. */
export function vocabularyOf(tokens: readonly (string | Uint8Array)[]): TokenBytes & { size: number; all: Uint8Array[] } {
  const all = tokens.map((token) => (typeof token === "string" ? encoder.encode(token) : token));
  const bytes = (id: number): Uint8Array | undefined => all[id];
  return { bytes, masks: new TokenMasks(new TokenTrie(all.length, bytes)), size: all.length, all };
}

export const everyByte = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

/** All bytes, and what straddles the borders of JSON, of calls and of characters. */
export const straddling = vocabularyOf([
  ...everyByte,
  ...'": |", |", "|": "|"}|}}|}]|], |], [|[[|{"|[{"| "|, |, "|: |: [|\\n|\\"|\\\\|\\u|\\u00|\\u00e9|\\ud83d\\ude80|true|false|null|tru|ll|1|12|123|-1|0.|.5|e10|ab|abc|the |hello|é|日本|🚀'.split(
    "|",
  ),
  ..."='|', |')|)]|(a='|='x', |=1, |=True|None|{'|': |': '|'}|\"]|<|<t|<think|>|</|im_end".split("|"),
  Uint8Array.of(0x22, 0xc3),
  Uint8Array.of(0xa9, 0x22),
  Uint8Array.of(0xf0, 0x9f),
  Uint8Array.of(0x9a, 0x80, 0x22, 0x2c),
  "hello", // twice
]);

export const grammarOf = (expression: Expression): Grammar => new Grammar(expression);
export const schemaGrammar = (schema: unknown): Grammar =>
  new Grammar(formatExpression({ type: "json_schema", schema: schema as boolean })!);

/** Which tokens a mask leaves. */
export function allowed(matcher: Matcher, size: number): number[] {
  const logits = new Float32Array(size);
  matcher.mask().apply(logits);
  return Array.from(logits.keys()).filter((id) => logits[id] === 0);
}

/**
 * A walk through the masks. Tokens that end strings, lists and objects are drawn more often, so that walks come to an end.
 *
 * @param random In [0, 1). @returns The text; undefined if it is not complete after so many tokens.
 */
export function walk(grammar: Grammar, vocabulary: typeof straddling, random: () => number, maxTokens = 300): string | undefined {
  const matcher = new Matcher(grammar, vocabulary);
  const bytes: number[] = [];
  for (let count = 0; count < maxTokens; count++) {
    const ids = allowed(matcher, vocabulary.size);
    if (matcher.complete && (ids.length === 0 || random() < 0.5))
      return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    if (ids.length === 0) throw new Error(`a dead end after ${new TextDecoder().decode(Uint8Array.from(bytes))}`);
    const ends = ids.filter((id) => vocabulary.all[id]!.some((byte) => `"'}])`.includes(String.fromCharCode(byte))));
    const from = ends.length > 0 && random() < 0.4 ? ends : ids;
    const id = from[Math.floor(random() * from.length)]!;
    matcher.accept(id);
    bytes.push(...vocabulary.all[id]!);
  }
  return undefined;
}

/** As json.dumps(value, ensure_ascii=False) writes it, sentinels escaped: the grammar's canonical form, where keys are in their schema's order. */
export const canonical = (value: unknown): string =>
  dumps(value)
    .replaceAll("<|", "<\\u007c")
    .replaceAll(/(<\/?think)>/g, "$1\\u003e");

function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${dumps(item)}`)
    .join(", ")}}`;
}
