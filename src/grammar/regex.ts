/**
 * ECMAScript's regular expressions, with the `u` flag and no other, as far as they are regular: no look-around, back-references, word
 * boundaries or Unicode properties.
 */
import { UnsupportedError } from "../errors.ts";
import { chars, choiceOf, EMPTY, type Expression, invertRanges, normalizeRanges, type Range, repeat, sequenceOf } from "./expression.ts";
import { MAX_DEPTH, MAX_PATTERN_LENGTH, MAX_REPETITIONS } from "./limits.ts";

const DIGITS: Range[] = [[0x30, 0x39]];
const WORD: Range[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const LINE_ENDS: Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]; // prettier-ignore
const SPACE: Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]; // prettier-ignore
const CLASSES: Readonly<Record<string, Range[]>> = {
  d: DIGITS,
  w: WORD,
  s: SPACE,
  D: invertRanges(DIGITS),
  W: invertRanges(WORD),
  S: invertRanges(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** @throws {RangeError} No regular expression. @throws {UnsupportedError} One that is not regular, or too large; the message says what. */
export function parseRegex(pattern: string): Expression {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new UnsupportedError(`a regular expression of more than ${MAX_PATTERN_LENGTH} characters`);
  return new Parser(pattern).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Expression {
    const expression = this.#choice();
    if (this.#at < this.#text.length) this.#fail("a group is closed that was not opened");
    return expression;
  }

  #choice(): Expression {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return choiceOf(options);
  }

  #sequence(): Expression {
    const items: Expression[] = [];
    while (this.#at < this.#text.length && !this.#sees("|") && !this.#sees(")")) items.push(this.#quantified());
    return items.length === 0 ? EMPTY : sequenceOf(items);
  }

  #quantified(): Expression {
    const item = this.#atom();
    const [, symbol, least, comma, most] = this.#match(/([*+?])|\{(\d+)(,?)(\d*)\}/y) ?? [];
    if (symbol === undefined && least === undefined) return item;
    if (item.kind === "start" || item.kind === "end") this.#fail("an assertion cannot be repeated");
    const min = symbol === undefined ? Number(least) : symbol === "+" ? 1 : 0;
    const max = symbol === undefined ? (comma === "" ? min : most === "" ? Infinity : Number(most)) : symbol === "?" ? 1 : Infinity;
    if (min > MAX_REPETITIONS || (max !== Infinity && max > MAX_REPETITIONS)) this.#refuse(`more than ${MAX_REPETITIONS} repetitions`);
    if (min > max) this.#fail("the numbers of a quantifier are out of order");
    this.#take("?"); // lazy: the same texts
    return repeat(item, min, max);
  }

  #atom(): Expression {
    if (this.#take("^")) return { kind: "start" };
    if (this.#take("$")) return { kind: "end" };
    if (this.#take(".")) return chars(...invertRanges(LINE_ENDS));
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return chars(...this.#set());
    if (this.#take("\\")) return chars(...this.#escape(false));
    const char = this.#next();
    if ("*+?{}]".includes(char)) this.#fail(`"${char}" stands where nothing can be repeated or closed; write "\\${char}"`);
    return chars([char.codePointAt(0)!, char.codePointAt(0)!]);
  }

  #group(): Expression {
    const [kind] = this.#match(/\?(?:[:=!]|<[=!]|<[\p{L}_$][\p{L}\p{N}_$]*>|[-a-z]*[:)])|\?/uy) ?? [];
    if (kind === "?=" || kind === "?!") this.#refuse("look-ahead");
    if (kind === "?<=" || kind === "?<!") this.#refuse("look-behind");
    if (kind === "?") this.#fail("a group of an unknown kind");
    if (kind !== undefined && kind !== "?:" && !kind.startsWith("?<")) this.#refuse("flags inside of it");
    if (++this.#depth > MAX_DEPTH) this.#refuse(`more than ${MAX_DEPTH} groups inside one another`);
    const inside = this.#choice();
    if (!this.#take(")")) this.#fail("a group is not closed");
    this.#depth--;
    return inside;
  }

  #set(): Range[] {
    const inverted = this.#take("^");
    const ranges: Range[] = [];
    while (!this.#take("]")) {
      if (this.#at >= this.#text.length) this.#fail("a set is not closed");
      const first = this.#member();
      if (this.#sees("-") && !this.#text.startsWith("-]", this.#at)) {
        this.#take("-");
        const last = this.#member();
        const [[from, to] = [0, -1]] = first;
        const [[start, end] = [0, -1]] = last;
        if (first.length !== 1 || last.length !== 1 || from !== to || start !== end) this.#fail("a range in a set needs two characters");
        if (from > end) this.#fail("a range in a set is out of order");
        ranges.push([from, end]);
      } else ranges.push(...first);
    }
    return inverted ? invertRanges(ranges) : normalizeRanges(ranges);
  }

  #member(): Range[] {
    if (this.#take("\\")) return this.#escape(true);
    const code = this.#next().codePointAt(0)!;
    return [[code, code]];
  }

  /** What stands behind a backslash. */
  #escape(inSet: boolean): Range[] {
    const single = (code: number): Range[] => [[code, code]];
    const [, hex, surrogate, unicode, braced, control] =
      this.#match(
        /x([\da-fA-F]{2})|u([dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|c([a-zA-Z])/y,
      ) ?? [];
    if (surrogate !== undefined) {
      const [high = 0, low = 0] = surrogate.split("\\u").map((half) => Number.parseInt(half, 16));
      return single(((high - 0xd800) << 10) + (low - 0xdc00) + 0x10000);
    }
    const digits = hex ?? unicode ?? braced;
    if (digits !== undefined) {
      const code = Number.parseInt(digits, 16);
      if (code > 0x10ffff) this.#fail("a character beyond U+10FFFF");
      return single(code);
    }
    if (control !== undefined) return single(control.charCodeAt(0) % 32);
    if (this.#at >= this.#text.length) this.#fail("it ends in a backslash");
    const char = this.#next();
    const known = CLASSES[char];
    if (known) return known;
    if (CONTROLS[char] !== undefined) return single(CONTROLS[char]);
    if (char === "0" && !/\d/.test(this.#text.charAt(this.#at))) return single(0);
    if (/\d/.test(char) || char === "k") this.#refuse("back-references");
    if (char === "b" && inSet) return single(8);
    if (char === "b" || char === "B") this.#refuse("word boundaries");
    if (char === "p" || char === "P") this.#refuse("Unicode properties");
    if ("^$\\.*+?()[]{}|/-\"'`<>,;:=!@#%&~_ ".includes(char)) return single(char.codePointAt(0)!);
    return this.#fail(`an unknown escape "\\${char}"`);
  }

  #next(): string {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += char.length;
    return char;
  }
  #sees(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }
  #take(token: string): boolean {
    if (!this.#sees(token)) return false;
    this.#at += token.length;
    return true;
  }
  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at += found[0].length;
    return found;
  }
  #fail(what: string): never {
    throw new RangeError(`no regular expression: ${what} (at character ${this.#at})`);
  }
  #refuse(what: string): never {
    throw new UnsupportedError(`a regular expression with ${what}`);
  }
}
