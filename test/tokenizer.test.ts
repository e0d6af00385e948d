import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { preTokenize } from "../src/tokenizer/pre-tokenize.ts";
import { SpecialTokens } from "../src/tokenizer/special-tokens.ts";
import { createTokenizer, type Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { fixture, fixtureMetadata, madeUpMetadata } from "./tokenizer-fixtures.ts";

interface Golden {
  tokenizer: { text: string; ids: number[] }[];
}

const seed = 20260102;
/** Any text without lone surrogates, and texts in which special tokens, white space and cut characters are frequent. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "<|im_end|>",
        "<|im_",
        "end|>",
        "<think>",
        "</think>",
        "<",
        " ",
        "\n",
        "\r",
        "\u0085",
        "\ufeff",
        "é",
        "🙂",
        "don't",
        "1234",
        "東",
      ),
    )
    .map((pieces) => pieces.join("")),
);

for (const name of ["tiny-dense", "tiny-moe"] as const) {
  describe(name, () => {
    let tokenizer: Tokenizer;
    beforeAll(async () => {
      tokenizer = createTokenizer(await fixtureMetadata(`${name}-Q4_0.gguf`));
    });

    test("every golden text", () => {
      const golden = JSON.parse(readFileSync(fixture(`${name}.golden.json`), "utf8")) as Golden;
      expect(golden.tokenizer.length).toBeGreaterThan(0);
      for (const { text, ids } of golden.tokenizer) {
        expect(tokenizer.encode(text, { special: true })).toEqual(ids);
        expect(tokenizer.decode(ids, { special: true })).toBe(text);
      }
    });

    test("decode(encode(x)) = x, and plain encoding holds no special token", () => {
      fc.assert(
        fc.property(text, (x) => {
          const plain = tokenizer.encode(x);
          expect(plain.some((id) => tokenizer.isSpecial(id))).toBe(false);
          expect(tokenizer.decode(plain)).toBe(x);
          expect(tokenizer.decode(tokenizer.encode(x, { special: true }), { special: true })).toBe(x);
        }),
        { seed, numRuns: 300 },
      );
    });

    test("streaming gives the text of the whole, whatever the ids", () => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: tokenizer.vocabularySize - 1 })), fc.boolean(), (ids, special) => {
          const detokenizer = tokenizer.createDetokenizer({ special });
          const parts = ids.map((id) => detokenizer.push(id));
          const control = (id: number): boolean => !special && tokenizer.isControl(id);
          const bytes = ids.flatMap((id) => (control(id) ? [] : [...tokenizer.bytes(id)]));
          const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
          expect(parts.join("") + detokenizer.end()).toBe(whole);
          expect(tokenizer.decode(ids, { special })).toBe(whole);
        }),
        { seed, numRuns: 300 },
      );
    });

    test("bos, eos, stop tokens", () => {
      expect([tokenizer.bos, tokenizer.eos, tokenizer.pad, tokenizer.addBos]).toEqual([1, 7, 0, true]);
      expect([...tokenizer.stopTokens].sort((a, b) => a - b)).toEqual([0, 1, 2, 6, 7]);
      const hi = tokenizer.encode("hi");
      expect(tokenizer.encode("hi", { bos: true })).toEqual([1, ...hi]);
      expect(tokenizer.encode("<|startoftext|>hi", { bos: true, special: true })).toEqual([1, ...hi]);
      expect(tokenizer.encode("", { bos: true })).toEqual([1]);
    });

    test("control tokens are silent, user-defined ones print", () => {
      const think = tokenizer.id("<think>") ?? Number.NaN;
      const end = tokenizer.id("<|im_end|>") ?? Number.NaN;
      expect([tokenizer.isControl(think), tokenizer.isSpecial(think), tokenizer.isControl(end)]).toEqual([false, true, true]);
      expect(tokenizer.decode([think, end])).toBe("<think>");
      expect(tokenizer.decode([think, end], { special: true })).toBe("<think><|im_end|>");
    });
  });
}

describe("a made-up vocabulary", () => {
  test("a partial character is held back, a broken one is U+FFFD", () => {
    const tokenizer = createTokenizer(madeUpMetadata());
    const ids = tokenizer.encode("é🙂");
    expect(ids).toHaveLength(6);
    const detokenizer = tokenizer.createDetokenizer();
    expect(ids.map((id) => detokenizer.push(id))).toEqual(["", "é", "", "", "", "🙂"]);
    expect(detokenizer.end()).toBe("");
    expect([detokenizer.push(ids[2] ?? 0), detokenizer.push(ids[0] ?? 0), detokenizer.end()]).toEqual(["", "\ufffd", "\ufffd"]);
  });

  test("special tokens: earliest position, then the longest", () => {
    const tokenizer = createTokenizer(madeUpMetadata({ control: ["<a>", "<a><b>", "b>"], userDefined: ["<"] }));
    const ids = (x: string): (number | string)[] =>
      tokenizer.splitSpecial(x).map((piece) => (typeof piece === "number" ? tokenizer.text(piece) : `"${piece}"`));
    expect(ids("x<a><b>y")).toEqual(['"x"', "<a><b>", '"y"']);
    expect(ids("<a><c>")).toEqual(["<a>", "<", '"c>"']);
    expect(ids("<b>")).toEqual(["<", "b>"]);
    expect(ids("")).toEqual([]);
  });

  test("special tokens are what a search over all of them finds", () => {
    const few = fc.string({ unit: fc.constantFrom("a", "b", "\ud83d", "\udd00", "\uffff"), minLength: 1, maxLength: 5 });
    const property = fc.property(fc.uniqueArray(few, { maxLength: 12 }), fc.array(few, { maxLength: 6 }), (texts, pieces) => {
      const input = pieces.join("");
      const expected: (number | string)[] = [];
      for (let at = 0; at < input.length; ) {
        const longest = texts.reduce((best, t) => (input.startsWith(t, at) && t.length > best.length ? t : best), "");
        if (longest !== "") expected.push(texts.indexOf(longest));
        else if (typeof expected.at(-1) === "string") expected.push(`${String(expected.pop())}${input[at]}`);
        else expected.push(input[at] ?? "");
        at += Math.max(1, longest.length);
      }
      expect(new SpecialTokens(new Map(texts.map((t, id) => [t, id]))).split(input)).toEqual(expected);
    });
    fc.assert(property, { seed, numRuns: 2000 });
  });

  test("a merge said again keeps its first rank", () => {
    const encode = (merges: string[]): number[] => {
      const metadata = madeUpMetadata({ merges: ["a b", "b c"] });
      metadata.set("tokenizer.ggml.merges", merges);
      return createTokenizer(metadata).encode("abc");
    };
    expect(encode(["a b", "b c", "a b"])).toEqual(encode(["a b", "b c"]));
    expect(encode(["b c", "a b", "b c"])).toEqual(encode(["b c", "a b"]));
    expect(encode(["a b", "b c"])).not.toEqual(encode(["b c", "a b"]));
  });

  test("a whole pre-token that is a token is not merged", () => {
    // "abc" cannot be merged from a, b, c: the only way to it is "bc", which no merge makes first.
    const merges = ["a b", "b c", "a bc"];
    const tokenizer = createTokenizer(madeUpMetadata({ merges }));
    expect(tokenizer.encode("abc").map((id) => tokenizer.text(id))).toEqual(["abc"]);
    expect(tokenizer.encode("abcx").map((id) => tokenizer.text(id))).toEqual(["ab", "c", "x"]);
  });

  test("merging never makes a special token", () => {
    const metadata = madeUpMetadata({ control: ["ab"], merges: ["b c"] });
    metadata.set("tokenizer.ggml.merges", ["a b", "b c"]);
    const tokenizer = createTokenizer(metadata);
    expect(tokenizer.encode("ab").map((id) => tokenizer.text(id))).toEqual(["a", "b"]);
    expect(tokenizer.encode("ab", { special: true })).toEqual([0]);
  });

  test("a vocabulary of 120 000 builds at once", () => {
    const alphabet = "abcdefghijklmnopqrstuvwxyz".split("");
    const merges: string[] = [];
    for (const a of alphabet) for (const b of alphabet) merges.push(`${a} ${b}`);
    for (const a of alphabet) for (const b of alphabet) for (const c of alphabet) merges.push(`${a}${b} ${c}`);
    for (const a of alphabet)
      for (const b of alphabet) for (const c of alphabet) for (const d of alphabet.slice(0, 6)) merges.push(`${a}${b}${c} ${d}`);
    const metadata = madeUpMetadata({ merges });
    const start = performance.now();
    const tokenizer = createTokenizer(metadata);
    expect(performance.now() - start).toBeLessThan(5000); // half a second when the machine is idle
    expect(tokenizer.vocabularySize).toBeGreaterThan(120_000);
    expect(tokenizer.encode("abca")).toHaveLength(1);
  });
});

test("pre-tokens", () => {
  const cases: [string, string[]][] = [
    ["  hi", [" ", " hi"]],
    ["don't", ["don", "'t"]],
    ["I'LL", ["I", "'LL"]],
    ["1234", ["123", "4"]],
    ["a, b", ["a", ",", " b"]],
    ["hi\n\n", ["hi", "\n\n"]],
    ["hi ", ["hi", " "]],
    ["a\u0085\u0085b", ["a", "\u0085", "\u0085b"]], // white space in Unicode, not in JavaScript's \s
    ["!\ufeffb", ["!\ufeff", "b"]], // the other way round
  ];
  for (const [x, pieces] of cases) expect(preTokenize(x)).toEqual(pieces);
});

describe("tables that cannot be used", () => {
  const refused: [string, string, unknown, RegExp][] = [
    [
      "no model",
      "tokenizer.ggml.model",
      undefined,
      /WeightsError: Cannot use the tokenizer of this file: tokenizer\.ggml\.model is missing/,
    ],
    ["another model", "tokenizer.ggml.model", "llama", /UnsupportedError: .*tokenizer\.ggml\.model is "llama", supported is "gpt2"/],
    ["another pre-tokenizer", "tokenizer.ggml.pre", "qwen2", /UnsupportedError: .*tokenizer\.ggml\.pre is "qwen2"/],
    ["a number as model", "tokenizer.ggml.model", 3, /WeightsError: .*tokenizer\.ggml\.model is a number, not a string/],
    ["no tokens", "tokenizer.ggml.tokens", undefined, /WeightsError: .*tokens is missing/],
    ["tokens of numbers", "tokenizer.ggml.tokens", Int32Array.of(1), /WeightsError: .*tokens is an array of numbers/],
    ["no types", "tokenizer.ggml.token_type", undefined, /WeightsError: .*token_type is missing/],
    [
      "float types",
      "tokenizer.ggml.token_type",
      Float32Array.of(1),
      /WeightsError: .*token_type is an array of numbers, not an array of integers/,
    ],
    ["too few types", "tokenizer.ggml.token_type", Int32Array.of(1), /WeightsError: .*256 tokens and 1 token types/],
    ["a type of 9", "tokenizer.ggml.token_type", new Int32Array(256).fill(9), /WeightsError: .*token 0 has type 9/],
    ["no merges", "tokenizer.ggml.merges", undefined, /WeightsError: .*merges is missing/],
    ["a merge of one piece", "tokenizer.ggml.merges", ["ab"], /WeightsError: .*merge 0 is "ab", not two pieces/],
    ["a merge of three pieces", "tokenizer.ggml.merges", ["a b c"], /WeightsError: .*merge 0/],
    ["a merge that makes no token", "tokenizer.ggml.merges", ["a b"], /WeightsError: .*merge 0 makes "ab", which is no token/],
    ["a BOS past the end", "tokenizer.ggml.bos_token_id", 256, /WeightsError: .*bos_token_id is 256, the vocabulary has 256 tokens/],
    ["a negative EOS", "tokenizer.ggml.eos_token_id", -1, /WeightsError: .*eos_token_id is -1/],
    ["a text as PAD", "tokenizer.ggml.padding_token_id", "0", /WeightsError: .*padding_token_id is a string/],
    ["a number as add_bos_token", "tokenizer.ggml.add_bos_token", 1, /WeightsError: .*add_bos_token is a number/],
  ];
  test.each(refused)("%s", (_, key, value, message) => {
    const metadata = madeUpMetadata();
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value as string);
    let refusal = "";
    try {
      createTokenizer(metadata);
    } catch (error) {
      refusal = String(error);
    }
    expect(refusal).toMatch(message);
    expect(refusal).not.toContain("\n");
  });

  test("tokens said twice, empty or missing", () => {
    expect(() => createTokenizer(madeUpMetadata({ control: ["<x>", "<x>"] }))).toThrow("token 1 has the same text as an earlier one");
    expect(() => createTokenizer(madeUpMetadata({ control: [""] }))).toThrow("the text of token 0 has 0 characters");
    const metadata = madeUpMetadata();
    metadata.set("tokenizer.ggml.tokens", (metadata.get("tokenizer.ggml.tokens") as string[]).with(65, "zz"));
    expect(() => createTokenizer(metadata)).toThrow(/no token stands for the byte 0x[0-9a-f]{2}$/);
  });

  test("an id outside the vocabulary", () => {
    const tokenizer = createTokenizer(madeUpMetadata());
    expect(() => tokenizer.decode([256])).toThrow("Cannot decode token 256: the vocabulary has 256 tokens");
    expect(() => tokenizer.bytes(-1)).toThrow(RangeError);
  });
});
