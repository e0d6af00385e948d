/** llama.cpp's grammar text: `root ::= "a" [0-9]{2,} other*`, rules from `root` on. */
import { UnsupportedError } from "../errors.ts";
import {
  ANY_CHARACTER,
  call,
  chars,
  choiceOf,
  EMPTY,
  type Expression,
  invertRanges,
  normalizeRanges,
  NOTHING,
  type Range,
  repeat,
  type Rule,
  sequenceOf,
  text,
} from "./expression.ts";
import { MAX_DEPTH, MAX_GRAMMAR_LENGTH, MAX_REPETITIONS } from "./limits.ts";

const SPACE = /(?:[ \t]|#[^\n\r]*)+/y;
const SPACE_AND_LINES = /(?:[ \t\n\r]|#[^\n\r]*)+/y;
const NAME = /[a-zA-Z0-9_-]+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"', "[": "[", "]": "]" };

/** @throws {RangeError} No grammar; the message names the line. @throws {UnsupportedError} What goes beyond a limit, or is no text. */
export function parseGbnf(grammar: string): Expression {
  if (grammar.length > MAX_GRAMMAR_LENGTH) throw new UnsupportedError(`it has more than ${MAX_GRAMMAR_LENGTH} characters`);
  return new Parser(grammar).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  readonly #rules = new Map<string, Rule>();
  readonly #defined = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Expression {
    this.#match(SPACE_AND_LINES);
    while (this.#at < this.#text.length) this.#definition();
    for (const name of ["root", ...this.#rules.keys()])
      if (!this.#defined.has(name)) throw new RangeError(`the rule ${name.slice(0, 80)} is not defined`);
    return call(this.#rules.get("root")!);
  }

  #definition(): void {
    const name = this.#match(NAME);
    if (name === undefined) this.#fail("a rule's name is missing");
    if (this.#defined.has(name)) this.#fail(`the rule ${name} is defined twice`);
    this.#defined.add(name);
    this.#match(SPACE);
    if (this.#match(/::=/y) === undefined) this.#fail('"::=" is missing');
    this.#match(SPACE_AND_LINES);
    this.#rule(name).body = this.#choice(false);
    if (this.#at < this.#text.length && this.#match(/\r?\n/y) === undefined) this.#fail("an unexpected character");
    this.#match(SPACE_AND_LINES);
  }

  #rule(name: string): Rule {
    let rule = this.#rules.get(name);
    if (rule === undefined) this.#rules.set(name, (rule = { name, body: NOTHING }));
    return rule;
  }

  #choice(nested: boolean): Expression {
    const options = [this.#sequence(nested)];
    while (this.#match(/\|/y) !== undefined) {
      this.#match(SPACE_AND_LINES);
      options.push(this.#sequence(nested));
    }
    return choiceOf(options);
  }

  #sequence(nested: boolean): Expression {
    const items: Expression[] = [];
    for (let item = this.#item(); item; item = this.#item()) {
      this.#match(nested ? SPACE_AND_LINES : SPACE);
      items.push(this.#repeated(item));
      this.#match(nested ? SPACE_AND_LINES : SPACE);
    }
    return items.length === 0 ? EMPTY : sequenceOf(items);
  }

  #item(): Expression | undefined {
    switch (this.#text.charAt(this.#at)) {
      case '"':
        this.#at++;
        return this.#literal();
      case "[":
        this.#at++;
        return this.#set();
      case ".":
        this.#at++;
        return ANY_CHARACTER;
      case "(": {
        this.#at++;
        if (++this.#depth > MAX_DEPTH) throw new UnsupportedError(`it has more than ${MAX_DEPTH} groups inside one another`);
        this.#match(SPACE_AND_LINES);
        const inside = this.#choice(true);
        if (this.#match(/\)/y) === undefined) this.#fail("a group is not closed");
        this.#depth--;
        return inside;
      }
      case "<":
      case "!":
        throw new UnsupportedError("tokens in a grammar");
      default: {
        const name = this.#match(NAME);
        return name === undefined ? undefined : call(this.#rule(name));
      }
    }
  }

  #repeated(item: Expression): Expression {
    const found = this.#match(/[*+?]|\{ *\d* *(?:, *\d* *)?\}/y);
    if (found === undefined) return item;
    const [least = "", most] = found.replace(/[{} ]/g, "").split(",");
    const min = found === "+" ? 1 : found === "*" || found === "?" ? 0 : Number(least);
    const max = found === "*" || found === "+" || most === "" ? Infinity : found === "?" ? 1 : most === undefined ? min : Number(most);
    if (min > MAX_REPETITIONS || (max !== Infinity && max > MAX_REPETITIONS))
      throw new UnsupportedError(`more than ${MAX_REPETITIONS} repetitions in a grammar`);
    if (min > max || found === "{}") this.#fail("the numbers of a repetition are out of order");
    return repeat(item, min, max);
  }

  #literal(): Expression {
    let value = "";
    while (this.#match(/"/y) === undefined) value += String.fromCodePoint(this.#character("a text"));
    return text(value);
  }

  #set(): Expression {
    const inverted = this.#match(/\^/y) !== undefined;
    const ranges: Range[] = [];
    while (this.#match(/\]/y) === undefined) {
      const first = this.#character("a set");
      const last = this.#match(/-(?!\])/y) === undefined ? first : this.#character("a set");
      if (first > last) this.#fail("a range in a set is out of order");
      ranges.push([first, last]);
    }
    return chars(...(inverted ? invertRanges(ranges) : normalizeRanges(ranges)));
  }

  /** A code point, perhaps escaped. */
  #character(of: string): number {
    if (this.#at >= this.#text.length) this.#fail(`${of} is not closed`);
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += char.length;
    if (char !== "\\") return char.codePointAt(0)!;
    const code = this.#match(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y);
    if (code !== undefined) {
      const point = Number.parseInt(code.slice(1), 16);
      if (point > 0x10ffff) this.#fail("a character beyond U+10FFFF");
      return point;
    }
    const meaning = ESCAPES[this.#text.charAt(this.#at)];
    if (meaning === undefined) this.#fail("an unknown escape");
    this.#at++;
    return meaning.codePointAt(0)!;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
  #fail(what: string): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    throw new RangeError(`line ${line}: ${what}`);
  }
}
