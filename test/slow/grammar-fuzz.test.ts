/** Front ends on hostile texts: an error of ours or a grammar, never another, and soon. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { callsExpression, Grammar, Matcher } from "../../src/grammar/index.ts";
import { formatExpression } from "../../src/grammar/response-format.ts";
import type { ResponseFormat, Tool } from "../../src/types.ts";
import { straddling } from "../grammar-fixtures.ts";

/** Compiles, and walks a little; only our errors may come. */
function attempt(make: () => Grammar): void {
  try {
    const matcher = new Matcher(make(), straddling);
    for (let step = 0; step < 4; step++) {
      const mask = matcher.mask();
      const id = straddling.all.findIndex((_, one) => mask.has((one * 7 + step) % straddling.size));
      if (id === -1) return;
      matcher.accept((id * 7 + step) % straddling.size);
    }
  } catch (error) {
    if (!(error instanceof UnsupportedError || error instanceof RangeError)) throw error;
    expect(error.message).not.toMatch(/call stack|\n/i);
    expect(error.message.length).toBeLessThan(700);
  }
}
const format = (one: unknown) => () => Grammar.of(() => formatExpression(one as ResponseFormat)!);

const pieces = (...parts: string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 2, unit: "binary" })), { maxLength: 30 }).map((all) => all.join(""));

describe("random texts", () => {
  test("regular expressions", () => {
    const pattern = pieces(
      ..."( ) [ ] { } | * + ? ^ $ . \\ , - a b 0 1 9 {2,3} {0,} (?: (?<n> \\d \\w \\u{1F680} \\x41 [^ [a-z] \\ud83d".split(" "),
    );
    fc.assert(
      fc.property(pattern, (one) => {
        attempt(format({ type: "regex", pattern: one }));
        attempt(format({ type: "json_schema", schema: { type: "string", pattern: one, maxLength: 5 } }));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  test("GBNF", () => {
    const grammar = pieces(
      ...'root ::= a b "x" [a-z] [^ ] ( ) | * + ? {2,3} {0,} . # \\n " \\x41'.split(" "),
      "\n",
      "root ::= ",
      "\na ::= ",
      " ",
    );
    fc.assert(
      fc.property(grammar, (one) => {
        attempt(format({ type: "gbnf", grammar: one }));
        attempt(format({ type: "gbnf", grammar: `root ::= ${one}\na ::= "y" | b\nb ::= [0-9]+` }));
      }),
      { numRuns: 5000, seed: 2 },
    );
  });

  test("schemas, and tools of them", () => {
    const keywords =
      "type enum const properties required additionalProperties patternProperties propertyNames items prefixItems minItems maxItems minLength maxLength pattern format minimum maximum exclusiveMinimum multipleOf anyOf oneOf allOf $ref $defs nullable title not".split(
        " ",
      );
    const schema = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(
          "string",
          "object",
          "integer",
          "#",
          "#/$defs/a",
          "#/properties/a",
          "date",
          "^a",
          0,
          3,
          -1,
          1e300,
          0.5,
          true,
          false,
          null,
          ["a"],
          ["string", "null"],
          [],
          {},
        ),
        fc.dictionary(fc.constantFrom(...keywords), tie("value"), { maxKeys: 4 }),
        fc.dictionary(fc.constantFrom("a", "b", "__proto__", "constructor", "<|"), tie("value"), { maxKeys: 3 }),
        fc.array(tie("value"), { maxLength: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(schema, (one) => {
        attempt(format({ type: "json_schema", schema: one }));
        const tool = { type: "function", function: { name: "f", parameters: one } } as Tool;
        attempt(() => new Grammar(callsExpression([tool], { syntax: "pythonic", parallel: true, strict: false })));
      }),
      { numRuns: 10_000, seed: 3 },
    );
  });
});

const deep = (levels: number, leaf: unknown, wrap: (inner: unknown) => unknown): unknown => {
  let value = leaf;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
};
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Each is answered within two seconds on a slow machine, most in milliseconds; the test's own limit is what a hang would break. */
describe("hostile ones", () => {
  test.each<[string, unknown]>([
    ["repetitions of repetitions", { type: "regex", pattern: "(((a{0,100}){0,100}){0,100}){0,100}" }],
    ["exponentially many states", { type: "regex", pattern: "(a|b)*a(a|b){25}" }],
    ["as a pattern that is searched", { type: "json_schema", schema: { type: "string", pattern: "a[ab]{30}$" } }],
    ["nested quantifiers", { type: "regex", pattern: "((a*)*)*".repeat(50) }],
    ["groups in groups", { type: "regex", pattern: `${"(".repeat(10_000)}a${")".repeat(10_000)}` }],
    ["a long class", { type: "regex", pattern: `[${many(8000, (i) => String.fromCharCode(0x4e00 + i * 2)).join("")}]{500}` }],
    [
      "patterns that contradict each other late",
      {
        type: "json_schema",
        schema: { allOf: many(8, (i) => ({ type: "string", pattern: `^(?:a{${[2, 3, 5, 7, 11, 13, 17, 19][i]}})+$` })) },
      },
    ],
    [
      "a length that no pattern has",
      { type: "json_schema", schema: { type: "string", pattern: "^(?:aa)+$", minLength: 15_001, maxLength: 15_001 } },
    ],
    ["an enormous minLength", { type: "json_schema", schema: { type: "string", minLength: 1e9 } }],
    ["an enormous maxLength", { type: "json_schema", schema: { type: "string", maxLength: 1e15 } }],
    ["enormous lists", { type: "json_schema", schema: { type: "array", items: { type: "array", minItems: 1e12 }, minItems: 1e12 } }],
    ["schemas in schemas", { type: "json_schema", schema: deep(50_000, {}, (items) => ({ items })) }],
    ["2^40 combinations", { type: "json_schema", schema: { allOf: many(40, (i) => ({ anyOf: [{ minimum: i }, { maximum: i }] })) } }],
    ["a oneOf of thousands", { type: "json_schema", schema: { oneOf: many(5000, (i) => ({ const: i })) } }],
    ["an enum of a hundred thousand", { type: "json_schema", schema: { enum: many(100_000, (i) => `value ${i}`) } }],
    [
      "thousands of optional keys",
      { type: "json_schema", schema: { type: "object", properties: Object.fromEntries(many(5000, (i) => [`key${i}`, {}])) } },
    ],
    [
      "a chain of references",
      {
        type: "json_schema",
        schema: {
          $ref: "#/$defs/r0",
          $defs: Object.fromEntries(many(20_000, (i) => [`r${i}`, i === 19_999 ? {} : { $ref: `#/$defs/r${i + 1}` }])),
        },
      },
    ],
    [
      "references in a ring",
      { type: "json_schema", schema: { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } } } },
    ],
    ["numbers of many digits", { type: "json_schema", schema: { type: "number", minimum: -1e300, exclusiveMaximum: 5e-324 } }],
    [
      "rules in a long chain",
      { type: "gbnf", grammar: `root ::= r0\n${many(20_000, (i) => `r${i} ::= r${i + 1}`).join("\n")}\nr20000 ::= "a"` },
    ],
    [
      "rules that double",
      { type: "gbnf", grammar: `root ::= r0\n${many(60, (i) => `r${i} ::= r${i + 1} r${i + 1}`).join("\n")}\nr60 ::= "a"` },
    ],
    ["nothing, many times", { type: "gbnf", grammar: 'root ::= (x | ""){0,10000} "b"\nx ::= "" | "a" x' }],
    ["an ambiguous list", { type: "gbnf", grammar: 'root ::= x x x x x x x x "b"\nx ::= "a" | x2 | ""\nx2 ::= "a" x' }],
    ["a palindrome", { type: "gbnf", grammar: 'root ::= "" | . | . root .' }],
    ["a long grammar", { type: "gbnf", grammar: `root ::= ${'"a" | '.repeat(200_000)}"b"` }],
    ["a grammar of nothing but choices", { type: "gbnf", grammar: `root ::= ${".|".repeat(400_000)}.` }],
    ["an allOf of hundreds of thousands", { type: "json_schema", schema: { allOf: many(300_000, () => ({})) } }],
    ["an anyOf of hundreds of thousands", { type: "json_schema", schema: { anyOf: many(300_000, () => ({})) } }],
    ["an enum that is as long as it may be", { type: "json_schema", schema: { enum: many(90_000, (i) => i.toString(36)) } }],
    [
      "oneOfs of long enums",
      { type: "json_schema", schema: { oneOf: many(200, (i) => ({ enum: many(400, (j) => (i * 400 + j).toString(36)) })) } },
    ],
    [
      "patterns whose product is large, in each of many keys",
      {
        type: "json_schema",
        schema: {
          type: "object",
          properties: Object.fromEntries(
            many(100, (i) => [
              `key${i}`,
              { type: "string", allOf: [{ pattern: `^(a{${67 + 2 * i}})+$` }, { pattern: `^(a{${71 + 3 * i}})+b$` }] },
            ]),
          ),
        },
      },
    ],
    ["a set of one character a thousand times, repeated", { type: "regex", pattern: `[${"a".repeat(16_000)}]{10000}` }],
    ["the same in GBNF", { type: "gbnf", grammar: `root ::= [${"a".repeat(16_000)}]{10000}` }],
    ["nothing, a million million times", { type: "regex", pattern: "(((){10000}){10000}){10000}" }],
    [
      "an anyOf of thousands beside an allOf of thousands",
      { type: "json_schema", schema: { anyOf: many(2400, (i) => ({ type: "string", title: `${i}` })), allOf: many(4800, () => ({})) } },
    ],
    [
      "long patterns for hundreds of keys",
      {
        type: "json_schema",
        schema: { properties: Object.fromEntries(many(400, (i) => [`key${i}`, { type: "string", pattern: `a{9999}${i}` }])) },
      },
    ],
    [
      "thousands of anchors",
      {
        type: "json_schema",
        schema: {
          type: "object",
          $defs: Object.fromEntries(many(4000, (i) => [`d${i}`, { $anchor: `n${i}`, type: "string" }])),
          properties: Object.fromEntries(many(4000, (i) => [`key${i}`, { $ref: `#n${i}` }])),
        },
      },
    ],
    [
      "a oneOf of objects that differ nowhere, four deep",
      {
        type: "json_schema",
        schema: {
          oneOf: ["a", "b"].map((side) => ({ $ref: `#/$defs/${side}0` })),
          $defs: Object.fromEntries(
            ["a", "b"].flatMap((side) =>
              many(5, (level) => [
                side + String(level),
                {
                  type: "object",
                  required: many(35, (i) => `key${i}`),
                  properties: Object.fromEntries(
                    many(35, (i) => [`key${i}`, level === 4 ? { type: "object" } : { $ref: `#/$defs/${side}${level + 1}` }]),
                  ),
                },
              ]),
            ),
          ),
        },
      },
    ],
    [
      "choices among rules in a chain",
      {
        type: "gbnf",
        grammar: `root ::= ${many(16_000, (i) => `x${i}`).join("|")}\nx0 ::= "a"\n${many(15_999, (i) => `x${i + 1} ::= x${i}`).join("\n")}`,
      },
    ],
    ["many choices", { type: "choice", choices: many(10_000, (i) => `choice ${i}`) }],
  ])(
    "%s",
    (_, one) => {
      const before = process.cpuUsage();
      attempt(format(one));
      const { user, system } = process.cpuUsage(before);
      expect(user + system, "µs of processor time").toBeLessThan(6e6); // a second or two on an idle core
    },
    20_000,
  );
});
