/** Grammars: what they accept, byte by byte and token by token, and what they refuse. */
import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReply } from "../src/chat/parse-reply.ts";
import { UnsupportedError } from "../src/errors.ts";
import { machine } from "../src/grammar/expression.ts";
import type { Machine } from "../src/grammar/machine.ts";
import { callsExpression, type Grammar, Matcher } from "../src/grammar/index.ts";
import { formatExpression } from "../src/grammar/response-format.ts";
import { patternMachine } from "../src/grammar/schema-source.ts";
import { JSON_STRING, limitedString, PYTHON_SINGLE } from "../src/grammar/strings.ts";
import type { ResponseFormat, Tool } from "../src/types.ts";
import { allowed, canonical, everyByte, grammarOf, schemaGrammar, straddling, vocabularyOf, walk } from "./grammar-fixtures.ts";
import { documentOf, schemaArbitrary } from "./schema-arbitrary.ts";

const format = (one: ResponseFormat): Grammar => grammarOf(formatExpression(one)!);
const gbnf = (grammar: string): Grammar => format({ type: "gbnf", grammar });
const regex = (pattern: string): Grammar => format({ type: "regex", pattern });
const tool = (name: string, parameters?: Tool["function"]["parameters"]): Tool => ({
  type: "function",
  function: { name, ...(parameters !== undefined && { parameters }) },
});
const calls = (tools: Tool[], options: Partial<Parameters<typeof callsExpression>[1]> = {}): Grammar =>
  grammarOf(callsExpression(tools, { syntax: "pythonic", parallel: true, strict: true, ...options }));

function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("schemas", () => {
  test("whatever is sampled satisfies the schema, in canonical form", () => {
    let complete = 0;
    fc.assert(
      fc.property(schemaArbitrary, fc.integer(), (schema, seed) => {
        const text = walk(schemaGrammar(schema), straddling, randomFrom(seed));
        if (text === undefined) return;
        complete++;
        const { valid, errors } = new Validator(schema, "2020-12", false).validate(JSON.parse(text));
        expect(valid, `${text} ${JSON.stringify(errors)}`).toBe(true);
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(complete).toBeGreaterThan(200);
  });

  test("every valid document in canonical form is accepted", () => {
    fc.assert(
      fc.property(schemaArbitrary, fc.integer(), (schema, seed) => {
        const document = documentOf(schema, randomFrom(seed));
        expect(new Validator(schema, "2020-12", false).validate(document).valid).toBe(true);
        expect(schemaGrammar(schema).matches(canonical(document)), canonical(document)).toBe(true);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test("masks allow exactly the tokens whose bytes the grammar takes", () => {
    fc.assert(
      fc.property(schemaArbitrary, fc.integer(), (schema, seed) => {
        const random = randomFrom(seed);
        const matcher = new Matcher(schemaGrammar(schema), straddling);
        for (let step = 0; step < 20; step++) {
          const ids = allowed(matcher, straddling.size);
          expect(ids).toEqual(straddling.all.flatMap((_, id) => (matcher.allows(id) ? [id] : [])));
          if (ids.length === 0) return;
          matcher.accept(ids[Math.floor(random() * ids.length)]!);
        }
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test("masks that strings' states share are those that are made afresh", () => {
    const long = ["abcdefghijkl", "éééééé", "🚀🚀🚀", '\\n\\n"', 'abcdefghijk"', "abcdefghijk\\", "ab\\u001", "<thin"];
    const tokens = [...straddling.all, ...long.map((one) => new TextEncoder().encode(one))];
    const length = fc.integer({ min: 0, max: 40 });
    const patterns = fc.constantFrom([], [patternMachine("^[ac-l]*(?:bx{15}c)?$")]); // behind b, the end is out of a token's reach
    fc.assert(
      fc.property(
        fc.constantFrom(JSON_STRING, PYTHON_SINGLE),
        patterns,
        length,
        length,
        fc.integer(),
        (syntax, machines, minLength, more, seed) => {
          const string = limitedString(syntax, { minLength, maxLength: minLength + more, machines })!;
          const grammar = grammarOf(machine(string));
          const random = randomFrom(seed);
          const shared = vocabularyOf(tokens);
          for (let walks = 0; walks < 3; walks++) {
            const matcher = new Matcher(grammar, shared);
            const said: number[] = [];
            for (let ids = allowed(matcher, tokens.length); ids.length > 0; ids = allowed(matcher, tokens.length)) {
              const afresh = new Matcher(grammarOf(machine(string)), vocabularyOf(tokens));
              for (const id of said) afresh.accept(id);
              expect(ids).toEqual(allowed(afresh, tokens.length));
              said.push(ids[Math.floor(random() * ids.length)]!);
              matcher.accept(said.at(-1)!);
            }
            expect(matcher.complete).toBe(true);
          }
        },
      ),
      { numRuns: 40, seed: 4 },
    );
  });

  test("a limit out of a token's reach makes no states of another kind", () => {
    const string = limitedString(JSON_STRING, { minLength: 100, maxLength: 300, machines: [] })!;
    const kinds = new Set<number | string>();
    let state = string.next(string.start, string.classes.of[0x22]!);
    for (let count = 0; count <= 300; count++, state = string.next(state, string.classes.of[0x61]!)) kinds.add(string.kind(state, 10));
    // Far from the least length, and from the greatest; and each count near one of them.
    expect(state).toBe(-1);
    expect(kinds.size).toBeGreaterThan(20);
    expect(kinds.size).toBeLessThan(30);
  });

  test("a length is only a number: no text is too long for its limits, and no limit too far", () => {
    const a = (string: Machine, state: number): number => string.next(state, string.classes.of[0x61]!);
    for (const [minLength, maxLength] of [
      [0, 40_000],
      [16_000, Number.POSITIVE_INFINITY],
      [16_000, 16_000],
    ] as const) {
      const string = limitedString(JSON_STRING, { minLength, maxLength, machines: [] })!;
      const ends = (state: number): boolean => string.next(state, string.classes.of[0x22]!) !== -1;
      let state = string.next(string.start, string.classes.of[0x22]!);
      expect(ends(state)).toBe(minLength === 0);
      for (let count = 0; count < Math.min(maxLength, 40_000); count++) state = a(string, state);
      expect(ends(state)).toBe(true);
      // Nothing more has room, a begun escape neither.
      for (const byte of [0x61, 0x5c, 0xc3]) expect(string.next(state, string.classes.of[byte]!) === -1).toBe(maxLength <= 40_000);
    }
    expect(limitedString(JSON_STRING, { minLength: 3, maxLength: 2, machines: [] })).toBeUndefined();
  });

  test.each<[unknown, string[], string[]]>([
    [
      { type: "string" },
      ['"é🚀\\u00e9\\ud83d\\ude80\\n\\/"', '"<b>"'],
      ['"\n"', '"\\ud83d"', '"\\ude80"', '"\\x41"', '"<|im_end|>"', '"<think>"'],
    ],
    [{ type: "string", maxLength: 3 }, ['"🚀🚀🚀"', '"<\\u007c"', '"\\u0001\\"\\n"'], ['"abcd"', '"\\u0061"']],
    [{ type: "string", pattern: "b" }, ['"abc"', '"b"'], ['"a"']],
    [{ type: "string", pattern: "^(?:ab)+$", maxLength: 5 }, ['"ab"', '"abab"'], ['"aba"', '"ababab"']],
    [{ type: "number", exclusiveMinimum: 0, maximum: 1 }, ["1", "0.5", "0.00001"], ["0", "0.0", "1.1", "-0.5"]],
    [{ type: "integer", minimum: -12, maximum: 105, multipleOf: 5 }, ["-10", "0", "105"], ["-15", "3", "110", "1e1", "-0"]],
    [{ type: ["string", "null"], enum: ["a", null, 3] }, ['"a"', "null"], ["3"]],
    [
      { enum: [{ a: 1, b: [] }, [{}], -0], allOf: [{ enum: [[{}], 0, { b: [], a: 1.0 }, {}] }] },
      ['{"a": 1, "b": []}', "[{}]", "0"],
      ["{}"],
    ],
    [
      { properties: { a: { type: "integer" } }, required: ["a", "b"], additionalProperties: { type: "boolean" } },
      ['{"a": 1, "b": true, "c": false}', "3"],
      ['{"a": 1}', '{"b": true, "a": 1}', '{"a": 1, "b": true, "\\u0061": true}'],
    ],
    [{ type: "object", propertyNames: { pattern: "^x" }, additionalProperties: { type: "null" } }, ['{"x1": null}', "{}"], ['{"y": null}']],
    [
      { type: "object", propertyNames: { enum: ["p", "q"] }, additionalProperties: { type: "null" } },
      ['{"p": null, "q": null}', "{}"],
      ['{"r": null}'],
    ],
    [{ oneOf: [{ type: "string" }, { type: "array", items: { $ref: "#" } }] }, ['["a", [["b"]]]'], ["1", '["a",]']],
    [{ items: [{ type: "integer" }], additionalItems: false }, ["[]", "[1]", "{}"], ["[1, 2]"]],
    [{ type: "string", nullable: true }, ["null", '"x"'], ["1"]],
  ])("%j", (schema, valid, invalid) => {
    const grammar = schemaGrammar(schema);
    expect(valid.filter((text) => !grammar.matches(text))).toEqual([]);
    expect(invalid.filter((text) => grammar.matches(text))).toEqual([]);
  });

  test.each<[unknown, RegExp]>([
    [{ type: "array", uniqueItems: true }, /^responseFormat\.schema\.uniqueItems: the keyword uniqueItems is not supported$/],
    [
      { properties: { a: { items: { not: {} } } } },
      /^responseFormat\.schema\.properties\.a\.items\.not: the keyword not is not supported$/,
    ],
    [{ oneOf: [{ minimum: 1 }, { type: "integer" }] }, /oneOf whose choices may hold at once/],
    [{ $ref: "other.json" }, /only references within the schema/],
    [{ type: "string", format: "iri" }, /the format "iri" is not supported/],
    [{ type: "string", pattern: "^(?!a)" }, /^responseFormat\.schema\.pattern: .*look-ahead/],
    [{ type: "number", multipleOf: 0.1 }, /no whole number/],
    [{ properties: { a: { type: "number", minimum: 1e15 } } }, /numbers of more than 15 digits/],
    [{ allOf: Array.from({ length: 20_000 }, () => ({ minLength: 1 })) }, /more than 10000 schemas for one value/],
  ])("%j is refused by name", (schema, message) => {
    expect(() => schemaGrammar(schema)).toThrow(message);
    expect(() => schemaGrammar(schema)).toThrow(UnsupportedError);
  });

  test.each<[unknown, RegExp]>([
    [false, /nothing can match/],
    [{ type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }, /nothing can match/],
    [{ type: "strin" }, /^responseFormat\.schema\.type must be/],
    [{ $ref: "#/$defs/a" }, /which is not there/],
    [{ minLength: -1 }, /must be a whole number/],
    [{ properties: [] }, /must be an object/],
    [7, /must be a schema/],
  ])("%j is no schema that something satisfies", (schema, message) => {
    expect(() => schemaGrammar(schema)).toThrow(RangeError);
    expect(() => schemaGrammar(schema)).toThrow(message);
  });
});

describe("calls", () => {
  const parameters = {
    type: "object",
    properties: {
      text: { type: "string" },
      count: { type: "integer", minimum: 1 },
      tags: { type: "array", items: { type: "string" } },
      place: { type: "object", properties: { lat: { type: "number" }, note: { type: ["string", "null"] } }, required: ["lat"] },
      exact: { type: "boolean" },
    },
    required: ["text"],
  };
  const tools = [
    tool("search.all", parameters),
    tool("now"),
    tool("odd names", { type: "object", properties: { "a b": { type: "string" } } }),
  ];
  const pythonic = [tools[0]!, tools[1]!, tool("odd_names", tools[2]!.function.parameters)];

  test.each([
    ["pythonic", pythonic],
    ["json", tools],
  ] as const)("whatever is sampled is read back, and satisfies the tools' schemas (%s)", (syntax, those) => {
    const grammar = calls(those, { syntax });
    let read = 0;
    for (let seed = 0; seed < 300; seed++) {
      const text = walk(grammar, straddling, randomFrom(seed));
      if (text === undefined) continue;
      const { toolCalls, content } = parseReply(`<|tool_call_start|>${text}<|tool_call_end|>`, { tools: those });
      expect(content).toBe("");
      expect(toolCalls.length, text).toBeGreaterThan(0);
      for (const { name, arguments: args } of toolCalls) {
        const schema = those.find((one) => one.function.name === name)!.function.parameters ?? { maxProperties: 0 };
        expect(new Validator(schema as object, "2020-12").validate(args).valid, text).toBe(true);
        read++;
      }
    }
    expect(read).toBeGreaterThan(200);
  });

  test("every string can be said, and is read back", () => {
    const grammar = calls([tool("f", { type: "object", properties: { s: { type: "string", maxLength: 100 }, o: { type: "object" } } })]);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("'", '"'), (value, quote) => {
        // Written independently: Python's escapes, and \u for control characters and for what would spell a control token.
        const plain: Record<string, string> = {
          "\n": "\\n",
          "\r": "\\r",
          "\t": "\\t",
          "\b": "\\b",
          "\f": "\\f",
          "\\": "\\\\",
          [quote]: `\\${quote}`,
        };
        const escaped = Array.from(
          value,
          (char) => plain[char] ?? (char < " " ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}` : char),
        ).join("");
        const text = `[f(s=${quote}${escaped}${quote})]`;
        if (/<\||<think>|<\/think>/.test(escaped)) return;
        expect(grammar.matches(text), text).toBe(true);
        expect(parseReply(`<|tool_call_start|>${text}<|tool_call_end|>`).toolCalls[0]?.arguments).toEqual({ s: value });
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  test("are what the tools take", () => {
    const grammar = calls(pythonic);
    const good = [
      "[now()]",
      "[search.all(text='it\\'s'), now()]",
      '[search.all(text="it\'s", count=3, exact=True)]',
      "[search.all(text='', place={'lat': -1.5, \"note\": None})]",
      "[odd_names(**{'a b': 'x'})]",
    ];
    const bad = [
      "[]",
      "[now(), ]",
      "[search.all()]",
      "[search.all(count=1, text='')]",
      "[search.all(text='', count=0)]",
      "[search.all(text='', more=1)]",
      "[other()]",
      "now()",
    ];
    expect(good.filter((text) => !grammar.matches(text))).toEqual([]);
    expect(bad.filter((text) => grammar.matches(text))).toEqual([]);
    expect(calls(pythonic, { parallel: false }).matches("[now(), now()]")).toBe(false);
    expect(calls([tool("f", { type: "object", additionalProperties: { type: "integer" } })]).matches("[f(any_name=1)]")).toBe(true);
  });

  test("a tool that is not strict may have a schema that is not supported: the names of its arguments are held to", () => {
    const odd = tool("f", { type: "object", properties: { a: { type: "array", uniqueItems: true } }, required: ["a"] });
    const grammar = calls([odd], { strict: false });
    expect(["[f(a=[1, 1])]", "[f(a='x')]"].filter((text) => !grammar.matches(text))).toEqual([]);
    expect(["[f()]", "[f(b=1)]"].filter((text) => grammar.matches(text))).toEqual([]);
    const strict = { ...odd, function: { ...odd.function, strict: true } };
    for (const refused of [() => calls([odd]), () => calls([strict], { strict: false })]) {
      expect(refused).toThrow(/^tools\[0\]\.function\.parameters\.properties\.a\.uniqueItems: /);
    }
    expect(() => calls([tool("a b")])).toThrow(/^tools\[0\]\.function\.name: /);
  });
});

describe("regular expressions", () => {
  test("match what JavaScript's match", () => {
    const patterns = [
      "a|bc",
      "(?:ab)*c?",
      "[a-c]{2,3}",
      "a{2}",
      "[^ab]c",
      ".b",
      "\\w\\d",
      "^a$",
      "(a|b|)c",
      "\\u0061\\x62",
      "a+?b*?",
      "[\\d-]a",
      "\\.\\*",
      "(?<n>a)b",
      "$|a",
      "\\u{1F680}?a",
    ];
    const alphabet = ["a", "b", "c", "1", "-", ".", "*", "\n", "é", "🚀"];
    for (const pattern of patterns) {
      const grammar = regex(pattern);
      const expected = new RegExp(`^(?:${pattern})$`, "u");
      for (let n = 0; n < alphabet.length ** 3; n++) {
        const text = [n, Math.floor(n / 10), Math.floor(n / 100)]
          .slice(0, n % 4)
          .map((i) => alphabet[i % 10])
          .join("");
        expect(grammar.matches(text), `${pattern} ${text}`).toBe(expected.test(text));
      }
    }
  });

  test("search in strings as JSON Schema has it", () => {
    for (const pattern of ["b", "^a", "c$", "a.c", "^(?:ab|c)$", "^a|b$", "\\d\\D"]) {
      const grammar = schemaGrammar({ type: "string", pattern });
      for (const text of ["", "a", "b", "abc", "xabcx", "c", "ab", "cc", "1a", "ba", "a\nc"]) {
        expect(grammar.matches(JSON.stringify(text)), `${pattern} ${text}`).toBe(new RegExp(pattern, "u").test(text));
      }
    }
  });

  test.each([
    ["(?=a)", /look-ahead/],
    ["(?<!a)", /look-behind/],
    ["(a)\\1", /back-references/],
    ["\\k<a>", /back-references/],
    ["a\\b", /word boundaries/],
    ["\\p{L}", /Unicode properties/],
    ["(?i:a)", /flags/],
    ["a{1,100000}", /repetitions/],
  ])("%s is refused by name", (pattern, message) => {
    expect(() => regex(pattern)).toThrow(UnsupportedError);
    expect(() => regex(pattern)).toThrow(message);
  });

  test.each(["(", ")", "[", "a**", "a{2,1}", "[b-a]", "\\", "(?<a", "*"])("%s is none", (pattern) => {
    expect(() => regex(pattern)).toThrow(/no regular expression/);
  });
});

describe("GBNF", () => {
  const JSON_GRAMMAR = String.raw`
# as llama.cpp writes it
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}`;

  test("is read as llama.cpp reads it", () => {
    const grammar = gbnf(JSON_GRAMMAR);
    expect(["{}", '{"a":[1,2.5e1,{"b":"\\u00e9é"}],\n\t"c":null}'].filter((text) => !grammar.matches(text))).toEqual([]);
    expect(["[]", '{"a"}', "{,}"].filter((text) => grammar.matches(text))).toEqual([]);
    const counted = gbnf('root ::= ("a" | b){2,3} c\nb ::= "b" # comment\nc ::= "\\x63"? .');
    expect(["abc!", "aaa!", "bbé"].filter((text) => !counted.matches(text))).toEqual([]);
    expect(["a!", "aaaa!!"].filter((text) => counted.matches(text))).toEqual([]);
  });

  test("whatever is sampled matches", () => {
    const grammar = gbnf(JSON_GRAMMAR);
    let parsed = 0;
    for (let seed = 0; seed < 50; seed++) {
      const text = walk(grammar, straddling, randomFrom(seed));
      if (text === undefined) continue;
      JSON.parse(text);
      parsed++;
    }
    expect(parsed).toBeGreaterThan(20);
  });

  test.each([
    ['root ::= root "a" | "b"', UnsupportedError, /root begins with itself/],
    ['root ::= a\na ::= "x"? b\nb ::= a', UnsupportedError, /begins with itself/],
    ['root ::= "a" root', RangeError, /nothing can match/],
    ["root ::= other", RangeError, /other is not defined/],
    ['a ::= "x"', RangeError, /root is not defined/],
    ['root ::= "x"\nroot ::= "y"', RangeError, /line 2: .*twice/],
    ['root ::= "x" )', RangeError, /line 1/],
    ["root ::= <[7]>", UnsupportedError, /tokens/],
    ['root ::= "a"{3,2}', RangeError, /out of order/],
  ])("%s is refused", (grammar, kind, message) => {
    expect(() => gbnf(grammar)).toThrow(kind);
    expect(() => gbnf(grammar)).toThrow(message);
  });
});

describe("choices", () => {
  test("are the texts and no others", () => {
    const grammar = format({ type: "choice", choices: ["yes", "yes please", "né"] });
    expect(["yes", "yes please", "né"].filter((text) => !grammar.matches(text))).toEqual([]);
    expect(["", "ye", "no", "yes "].filter((text) => grammar.matches(text))).toEqual([]);
    expect(() => format({ type: "choice", choices: [] })).toThrow(/^responseFormat\.choices/);
  });
});

describe("matching", () => {
  test("forks go on by themselves, and going back is exact", () => {
    const one = new Matcher(schemaGrammar({ type: "array", items: { type: "integer" } }), vocabularyOf(everyByte));
    for (const char of "[1") one.accept(char.charCodeAt(0));
    const other = one.fork();
    const before = allowed(one, 256);
    for (const char of ", 2]") one.accept(char.charCodeAt(0));
    expect([one.complete, other.complete]).toEqual([true, false]);
    expect(allowed(other, 256)).toEqual(before);
    expect(() => other.accept("x".charCodeAt(0))).toThrow(/not allowed here/);
  });

  test("ambiguity without bounds is an error, not a hang", () => {
    const grammar = gbnf('root ::= ("a" x){1,5000} "b"\nx ::= "" | "a" x "c" x');
    const matcher = new Matcher(grammar, vocabularyOf(everyByte));
    expect(() => {
      for (let i = 0; i < 5000; i++) matcher.accept("a".charCodeAt(0));
    }).toThrow(/too ambiguous/);
  });
});
