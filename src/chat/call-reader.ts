/** Reads the calls that models write: `[f(a='x', n=3), math.add(a=1)]`, Python's literals and JSON's mixed. */
import { type Place, readQuoted } from "./quoted-string.ts";

/** Lists and mappings inside one another; a call from a model has three or four. */
const MAX_DEPTH = 64;

/** A value with the text it was written as: for parameters that are strings, 007 is not 7. */
export interface Written {
  readonly value: unknown;
  readonly source: string;
}
export interface WrittenCall {
  readonly name: string;
  readonly arguments: readonly (readonly [string, Written])[];
}
/** An unquoted word; only a string parameter takes it. */
export class BareWord {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** This call cannot be read; the others of its list can. */
class BrokenCall extends Error {}
/** Where strings end cannot be told: nothing after this point can be trusted. */
class BrokenQuotes extends Error {}

const NAME = /[\p{L}_$][\p{L}\p{N}_$.:/-]*/uy;
const ARGUMENT_NAME = /[\p{L}_$][\p{L}\p{N}_$-]*/uy;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_./-])/uy;
const STRING_PREFIX = /[fFrRuU](?=['"])/y;
/** A first element that no colon follows. */
const SET = /\s*(?:'[^'\\]*'|"[^"\\]*"|[+-]?[\d.]+|[A-Za-z]+)\s*[,}]/y;
const WORD = /[^\s,()[\]{}'"=:](?:[^,()[\]{}'"=]*[^\s,()[\]{}'"=])?/y;
const LITERALS = new Map<string, boolean | null>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
]);
export class CallReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The calls of a body, without those that are broken. Undefined: it is no list of calls, or a cut one. */
  calls(): WrittenCall[] | undefined {
    return this.#list(() => this.#call(), true);
  }

  /** The same of values, with or without commas between them. */
  values(): unknown[] | undefined {
    return this.#list(() => this.#value("list").value, false);
  }

  #list<T>(read: () => T, commas: boolean): T[] | undefined {
    try {
      const bracket = this.#take("[");
      const items: T[] = [];
      let broken = 0;
      while (!this.#atEnd() && !this.#sees("]")) {
        const start = this.#at;
        try {
          items.push(read());
        } catch (error) {
          if (!(error instanceof BrokenCall)) throw error;
          broken++;
          this.#skip(start);
        }
        if (!this.#take(",") && commas) break;
      }
      if (bracket && !this.#take("]")) return undefined;
      return this.#atEnd() && (items.length > 0 || broken === 0) ? items : undefined;
    } catch (error) {
      if (error instanceof BrokenCall || error instanceof BrokenQuotes) return undefined;
      throw error;
    }
  }

  #call(): WrittenCall {
    const name = this.#match(NAME);
    if (name === undefined || !this.#take("(")) throw new BrokenCall();
    const written = new Map<string, Written>();
    let positional: Written | undefined;
    while (!this.#sees(")")) {
      if (this.#take("**")) this.#spread(this.#value("argument"), written);
      else {
        const start = this.#at;
        const argument = this.#match(ARGUMENT_NAME);
        if (argument !== undefined && this.#take("=")) written.set(argument, this.#value("argument"));
        else {
          this.#at = start;
          if (positional !== undefined || written.size > 0) throw new BrokenCall();
          positional = this.#value("argument");
        }
      }
      if (!this.#take(",")) break;
    }
    if (!this.#take(")")) throw new BrokenCall();
    if (positional !== undefined) {
      if (written.size > 0) throw new BrokenCall();
      this.#spread(positional, written); // a single mapping is the arguments
    }
    return { name, arguments: [...written] };
  }

  #spread({ value }: Written, into: Map<string, Written>): void {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof BareWord) throw new BrokenCall();
    for (const [key, item] of Object.entries(value)) into.set(key, { value: item, source: JSON.stringify(item) });
  }

  #value(place: Place): Written {
    this.#skipSpace();
    const start = this.#at;
    const value = this.#anyValue(place);
    return { value, source: this.#text.slice(start, this.#at) };
  }

  #anyValue(place: Place): unknown {
    const char = this.#text.charAt(this.#at);
    if (char === "'" || char === '"') return this.#string(place);
    if (char === "[") return this.#nested(() => this.#items("[", "]", "list"));
    if (char === "(") return this.#nested(() => this.#items("(", ")", "tuple"));
    if (char === "{") return this.#nested(() => (this.#isSet() ? this.#items("{", "}", "set") : this.#mapping()));
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#number(number);
    const prefix = this.#match(STRING_PREFIX)?.toLowerCase();
    if (prefix !== undefined) return this.#string(place, prefix);
    const word = this.#match(WORD);
    if (word === undefined) throw new BrokenCall();
    const literal = LITERALS.get(word);
    if (literal !== undefined) return literal;
    if (place !== "argument") throw new BrokenCall();
    return new BareWord(word);
  }

  #number(written: string): number {
    const magnitude = Number(written.replaceAll("_", "").replace(/^[+-]/, "")); // 0x1F takes no sign in JavaScript
    if (!Number.isFinite(magnitude)) throw new BrokenCall();
    return written.startsWith("-") ? -magnitude : magnitude;
  }

  #isSet(): boolean {
    SET.lastIndex = this.#at + 1;
    return SET.test(this.#text);
  }

  #items(open: string, close: string, place: Place): unknown[] {
    this.#take(open);
    const items: unknown[] = [];
    while (!this.#sees(close)) {
      items.push(this.#value(place).value);
      if (!this.#take(",")) break;
    }
    if (!this.#take(close)) throw new BrokenCall();
    return items;
  }

  #mapping(): object {
    this.#take("{");
    const entries: [string, unknown][] = [];
    while (!this.#sees("}")) {
      const key = this.#value("key").value;
      if (typeof key !== "string" && typeof key !== "number") throw new BrokenCall();
      if (!this.#take(":")) throw new BrokenCall();
      entries.push([String(key), this.#value("value").value]);
      if (!this.#take(",")) break;
    }
    if (!this.#take("}")) throw new BrokenCall();
    return Object.fromEntries(entries); // also "__proto__" is a key of its own
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new BrokenQuotes();
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  #string(place: Place, prefix = ""): string {
    const string = readQuoted(this.#text, this.#at, place, prefix === "r");
    if (string === undefined) throw new BrokenQuotes();
    this.#at = string.end;
    if (prefix === "f" && /[{}]/.test(string.value)) throw new BrokenCall(); // nobody computes what it asks for
    return string.value;
  }

  /** Past a broken item, if its end can be told: brackets balanced, strings closed by their first quote. */
  #skip(start: number): void {
    let open = 0;
    for (let i = start; i < this.#text.length; i++) {
      const char = this.#text.charAt(i);
      if (char === "'" || char === '"') {
        for (i++; i < this.#text.length && this.#text.charAt(i) !== char; i++) if (this.#text.charAt(i) === "\\") i++;
        if (i >= this.#text.length) throw new BrokenQuotes();
      } else if ((char === "," || char === "]") && open === 0) {
        this.#at = i;
        return;
      } else if ("([{".includes(char)) open++;
      else if (")]}".includes(char) && --open <= 0) {
        this.#at = i + 1;
        if (char === "]" || open < 0 || !(this.#sees(",") || this.#sees("]") || this.#atEnd())) throw new BrokenQuotes();
        return;
      }
    }
    throw new BrokenQuotes();
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && this.#text.charAt(this.#at).trim() === "") this.#at++;
  }
  #sees(token: string): boolean {
    this.#skipSpace();
    return this.#text.startsWith(token, this.#at);
  }
  #take(token: string): boolean {
    if (!this.#sees(token)) return false;
    this.#at += token.length;
    return true;
  }
  #match(pattern: RegExp): string | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
  #atEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }
}
