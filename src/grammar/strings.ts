/**
 * Strings as they are written: JSON's, and Python's in either quotes, as the reader of calls takes them.
 *
 * A string without limits may be written with any escape. One that is limited has one spelling for each text: that of JSON.stringify
 * (which is json.dumps with ensure_ascii=False), so that a limit on the text can be followed byte by byte.
 *
 * A reply is taken apart at its sentinels' texts, so no string spells one: the character that would complete it is escaped.
 */
import { ANY_CHARACTER, chars, choice, type Expression, invertRanges, repeat, sequence, text } from "./expression.ts";
import { Literals, classify, Machine, refine } from "./machine.ts";
import { Complement, Intersection, Length, Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";

export interface StringSyntax {
  readonly quote: '"' | "'";
  /** Characters behind a backslash, by what they mean. */
  readonly short: ReadonlyMap<string, string>;
  /** What else is allowed where nothing is limited. */
  readonly escapes: Expression;
  /** Control characters that may stand as they are where nothing is limited. */
  readonly raw: string;
}

const CONTROL = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", "\\": "\\" };
const hex = chars([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
const one = (set: string): Expression =>
  chars(...Array.from(set, (char): [number, number] => [char.codePointAt(0)!, char.codePointAt(0)!]));
/** A character outside of the first plane is a pair of escapes, and a half of one is none. */
const unicodeEscape = choice(
  sequence(text("u"), choice(sequence(one("0123456789abcefABCEF"), hex), sequence(one("dD"), one("01234567"))), hex, hex),
  sequence(text("u"), one("dD"), one("89abAB"), hex, hex, text("\\u"), one("dD"), one("cdefCDEF"), hex, hex),
);
const shortEscapes = (quote: string): ReadonlyMap<string, string> =>
  new Map([...Object.entries(CONTROL), [quote, quote]].map(([letter = "", meaning = ""]) => [meaning, letter]));

export const JSON_STRING: StringSyntax = { quote: '"', short: shortEscapes('"'), escapes: choice(one("/"), unicodeEscape), raw: "" };
/** Templates show the model strings as they are, so that it may write line ends. */
const python = (quote: '"' | "'"): StringSyntax => ({
  quote,
  short: shortEscapes(quote),
  escapes: choice(one("'\""), unicodeEscape, sequence(text("x"), hex, hex)),
  raw: "\n\t",
});
export const PYTHON_SINGLE = python("'");
export const PYTHON_DOUBLE = python('"');

/** Where a reply's reader cuts: no control token's text begins otherwise. */
const SENTINELS = ["<|", "<think>", "</think>"];
/** What a text may end in that a sentinel begins with; "" is first. */
const BEGUN = [...new Set(SENTINELS.flatMap((one) => Array.from(one, (_, i) => one.slice(0, i))))];
/** How far a sentinel is begun after one more character; −1: it is complete. */
function begun(before: number, char: string): number {
  const now = BEGUN[before]! + char;
  if (SENTINELS.includes(now)) return -1;
  for (let i = 0; i < now.length; i++) if (BEGUN.includes(now.slice(i))) return BEGUN.indexOf(now.slice(i));
  return 0;
}

/** Texts that hold no sentinel. */
class NoSentinel extends Machine {
  readonly start = 0;
  readonly #next: readonly Int8Array[];

  constructor() {
    const letters = new Set(SENTINELS.join(""));
    super(classify((byte) => (letters.has(String.fromCharCode(byte)) ? byte : -1)));
    this.#next = BEGUN.map((_, state) => Int8Array.from(this.classes.first, (byte) => begun(state, String.fromCharCode(byte))));
  }

  next(state: number, byteClass: number): number {
    return this.#next[state]![byteClass]!;
  }

  accepts(): boolean {
    return true;
  }
}

/** Any text that no sentinel is spelled in. */
export const plainText = (): Machine => new NoSentinel();

const code = (char: string): number => char.charCodeAt(0);

/** How a text is written, in the one spelling. */
export function quoted(value: string, { quote, short }: StringSyntax): string {
  let written: string = quote;
  let state = 0;
  for (const char of value) {
    const letter = short.get(char);
    const next = begun(state, char);
    if (letter !== undefined) written += `\\${letter}`;
    else if (code(char) < 0x20 || next === -1) written += `\\u${code(char).toString(16).padStart(4, "0")}`;
    else written += char;
    state = letter !== undefined || code(char) < 0x20 || next === -1 ? 0 : next;
  }
  return written + quote;
}

/** The digit's value, −1 for none or an upper-case one. */
const digit = (byte: number): number => "0123456789abcdef".indexOf(String.fromCharCode(byte));

/** The strings whose text a machine takes, in the one spelling. It may run into dead ends: trim it. */
class Quoted extends Machine {
  readonly start = 0;
  readonly #text: Machine;
  readonly #syntax: StringSyntax;
  readonly #meaning: ReadonlyMap<number, number>; // bytes: letter behind the backslash → what it means

  // State 0: before the quote; 1: behind the last; then one for each of the text's, what is begun of a sentinel, and of an escape:
  // 0: nothing, 1: \, 2: \u, 3: \u0, 4: \u00, 5: \u000, 6: \u001, … 12: \u007
  constructor(of: Machine, syntax: StringSyntax) {
    const special = new Set(`${SENTINELS.join("")}"'\\/u0123456789abcdef${[...syntax.short.values()].join("")}`);
    const own = classify((byte) => (special.has(String.fromCharCode(byte)) ? byte + 1 : byte < 0x20 ? -1 - byte : 0));
    super(refine([of.classes, own]));
    this.#text = of;
    this.#syntax = syntax;
    this.#meaning = new Map([...syntax.short].map(([meaning, letter]) => [code(letter), code(meaning)]));
  }

  next(state: number, byteClass: number): number {
    const byte = this.classes.first[byteClass]!;
    if (state === 0) return byte === code(this.#syntax.quote) ? this.#at(this.#text.start, 0, 0) : -1;
    if (state === 1) return -1;
    const escape = (state - 2) % 13;
    const sentinel = Math.floor((state - 2) / 13) % BEGUN.length;
    const text = Math.floor((state - 2) / 13 / BEGUN.length);
    switch (escape) {
      case 0: {
        if (byte === code("\\")) return this.#at(text, sentinel, 1);
        if (byte === code(this.#syntax.quote)) return this.#text.accepts(text) ? 1 : -1;
        const next = begun(sentinel, String.fromCharCode(byte));
        return byte < 0x20 || next === -1 ? -1 : this.#take(text, byte, next);
      }
      case 1: {
        if (byte === code("u")) return this.#at(text, sentinel, 2);
        const meaning = this.#meaning.get(byte);
        return meaning === undefined ? -1 : this.#take(text, meaning, 0);
      }
      case 2:
      case 3:
        return byte === code("0") ? this.#at(text, sentinel, escape + 1) : -1;
      case 4: {
        const high = digit(byte);
        return high >= 0 && high < 8 ? this.#at(text, sentinel, 5 + high) : -1;
      }
      default: {
        const low = digit(byte);
        if (low < 0) return -1;
        const meant = String.fromCharCode((escape - 5) * 16 + low);
        const needed = !this.#syntax.short.has(meant) && (code(meant) < 0x20 || begun(sentinel, meant) === -1);
        return needed ? this.#take(text, code(meant), 0) : -1;
      }
    }
  }

  accepts(state: number): boolean {
    return state === 1;
  }

  /** Inside, nothing begun; a character that is not of a sentinel can always follow. */
  override canEnd(state: number): boolean {
    const inText = 13 * BEGUN.length;
    if (state < 2) return state === 1;
    return (state - 2) % 13 === 0 && this.#text.canEnd(Math.floor((state - 2) / inText));
  }

  /** The text is no longer than it is written, the character that a begun escape needs room for included. */
  override kind(state: number, reach: number): number | string {
    if (state < 2) return state;
    const inText = 13 * BEGUN.length;
    return `${this.#text.kind(Math.floor((state - 2) / inText), reach)} ${(state - 2) % inText}`;
  }

  #at(text: number, sentinel: number, escape: number): number {
    return 2 + (text * BEGUN.length + sentinel) * 13 + escape;
  }

  #take(text: number, byte: number, sentinel: number): number {
    const next = this.#text.next(text, this.#text.classes.of[byte]!);
    return next === -1 ? -1 : this.#at(next, sentinel, 0);
  }
}

const made = new Map<StringSyntax, Machine>();

/** Any string. One machine for all: its token masks are made once. */
export function anyString(syntax: StringSyntax): Machine {
  const known = made.get(syntax);
  if (known) return known;
  const { quote, short, escapes, raw } = syntax;
  const needEscape = Array.from(`${quote}\\`, (char): [number, number] => [code(char), code(char)]);
  const plain = chars(...invertRanges([...needEscape, [0, 0x1f]]));
  const escape = sequence(text("\\"), choice(one([...short.values()].join("")), escapes));
  const body = repeat(choice(plain, escape, ...(raw === "" ? [] : [one(raw)])), 0, Number.POSITIVE_INFINITY);
  const machine = new Trimmed(new Intersection([new RegularMachine(sequence(text(quote), body, text(quote))), new NoSentinel()]));
  made.set(syntax, machine);
  return machine;
}

let anyText: Machine | undefined;

/** Limits on a string's text. */
export interface StringLimits {
  readonly minLength: number;
  readonly maxLength: number; // Infinity
  readonly machines: readonly Machine[]; // that all take it, over its UTF-8
  readonly not?: readonly string[];
}

/** Limited strings that are remembered: those of one kind in a schema, or in the next request's, have their token masks made once. */
const MAX_LIMITED = 64;
const limitedStrings = new Map<string, Machine | undefined>();

/** The strings within the limits; undefined if there are none. */
export function limitedString(syntax: StringSyntax, limits: StringLimits): Machine | undefined {
  const { minLength, maxLength, machines, not = [] } = limits;
  if (minLength === 0 && maxLength === Number.POSITIVE_INFINITY && machines.length === 0 && not.length === 0) return anyString(syntax);
  const key = JSON.stringify([syntax.quote, syntax.raw, minLength, String(maxLength), machines.map(({ id }) => id), not]);
  if (limitedStrings.has(key)) return limitedStrings.get(key);
  const made = limitedBy(syntax, limits);
  if (limitedStrings.size >= MAX_LIMITED) limitedStrings.clear();
  limitedStrings.set(key, made);
  return made;
}

function limitedBy(syntax: StringSyntax, { minLength, maxLength, machines, not = [] }: StringLimits): Machine | undefined {
  anyText ??= new RegularMachine(repeat(ANY_CHARACTER, 0, Number.POSITIVE_INFINITY));
  const parts = [anyText, ...machines];
  if (minLength > 0 || maxLength < Number.POSITIVE_INFINITY) parts.push(new Length(minLength, maxLength));
  if (not.length > 0) parts.push(new Complement(new Literals(not)));
  // Any text can be made longer: one that is within a length so far can be ended within it.
  const independent = machines.length === 0 && not.length === 0;
  const limited = new Trimmed(new Quoted(new Intersection(parts, { independent }), syntax));
  return limited.isEmpty ? undefined : limited;
}
