/**
 * Client text inside a template, marked so that it can never become a control token, and string operations that do not see the marks.
 *
 * A mark is one private-use character that occurs nowhere in the input. It is put behind every character that a special token starts
 * with and before every character that one ends with: "<|im_end|>" in a user's message travels as "<·|im_end|·>". What the template
 * itself writes has no marks, so in the rendered prompt exactly the template's own control tokens match. Marking single characters
 * rather than whole tokens also covers tokens put together from two fields, or by `lower`.
 */

/** @returns `count` private-use characters that are in none of the texts; undefined if there are not that many. */
export function freeCharacters(texts: Iterable<string>, count: number): string[] | undefined {
  const taken = new Set<string>();
  for (const text of texts) for (const char of text.match(/[\ue000-\uf8ff]/g) ?? []) taken.add(char);
  const free: string[] = [];
  for (let code = 0xe000; code <= 0xf8ff && free.length < count; code++) {
    const char = String.fromCharCode(code);
    if (!taken.has(char)) free.push(char);
  }
  return free.length === count ? free : undefined;
}

export class Marks {
  /** Undefined: nothing is marked. */
  readonly mark: string | undefined;
  readonly #starts: RegExp | undefined;
  readonly #ends: RegExp | undefined;

  /** @param mark A character that occurs in no text of the rendering. */
  constructor(mark: string | undefined, specialTexts: readonly string[]) {
    this.mark = mark;
    if (mark === undefined || specialTexts.length === 0) return;
    this.#starts = characterClass(specialTexts.map((text) => text.slice(0, 1)));
    this.#ends = characterClass(specialTexts.map((text) => text.slice(-1)));
  }

  static readonly none: Marks = new Marks(undefined, []);

  /** The text with its marks. */
  protect(text: string): string {
    if (this.#starts === undefined || this.#ends === undefined) return text;
    return text.replace(this.#starts, `$&${this.mark}`).replace(this.#ends, `${this.mark}$&`);
  }

  /** The text without its marks. */
  strip(text: string): string {
    return this.isMarked(text) ? text.replaceAll(this.mark ?? "", "") : text;
  }

  isMarked(text: string): boolean {
    return this.mark !== undefined && text.includes(this.mark);
  }

  /** Code points, as Python counts. */
  length(text: string): number {
    let n = 0;
    for (const char of text) if (char !== this.mark) n++;
    return n;
  }

  /** Code points, each with the marks beside it. */
  characters(text: string): string[] {
    if (!this.isMarked(text)) return Array.from(text);
    const characters: string[] = [];
    let leading = "";
    for (const char of text) {
      if (char !== this.mark) {
        characters.push(leading + char);
        leading = "";
      } else if (characters.length > 0) characters.push((characters.pop() ?? "") + char);
      else leading += char;
    }
    return characters;
  }

  /** The pieces of `text` between occurrences of `separator`, at most `limit` cuts. */
  split(text: string, separator: string, limit = Number.POSITIVE_INFINITY): string[] {
    const plain = this.strip(text);
    const pattern = this.strip(separator);
    const positions = this.#positions(text, plain);
    const pieces: string[] = [];
    let start = 0;
    for (let cuts = 0; cuts < limit; cuts++) {
      const at = plain.indexOf(pattern, start);
      if (at === -1) break;
      pieces.push(text.slice(positions(start), positions(at)));
      start = at + pattern.length;
    }
    pieces.push(text.slice(positions(start)));
    return pieces;
  }

  /** Without the characters of `stripped` (default: Python's white space) at its start and end. */
  trim(text: string, options: { start?: boolean; end?: boolean; stripped?: string } = {}): string {
    const { start = true, end = true, stripped } = options;
    const chars = this.characters(text);
    const isStripped = (char: string): boolean => {
      const plain = this.strip(char);
      return stripped === undefined ? PYTHON_SPACE.test(plain) : stripped.includes(plain);
    };
    const from = start ? chars.findIndex((char) => !isStripped(char)) : 0;
    const to = end ? chars.findLastIndex((char) => !isStripped(char)) + 1 : chars.length;
    if (from === -1) return "";
    return chars.slice(from, to).join("");
  }

  /** Index in the unmarked text → index in the marked one. */
  #positions(text: string, plain: string): (index: number) => number {
    if (plain.length === text.length) return (index) => index;
    const positions = new Uint32Array(plain.length + 1);
    let n = 0;
    for (let i = 0; i < text.length; i++) if (text.charAt(i) !== this.mark) positions[n++] = i;
    positions[n] = text.length;
    return (index) => positions[index] ?? text.length;
  }
}

/** str.isspace(): Unicode's White_Space and the four separators U+001C to U+001F; not U+FEFF, which JavaScript trims. */
// oxlint-disable-next-line no-control-regex
const PYTHON_SPACE = /^[\p{White_Space}\x1c-\x1f]$/u;

/** In either case, because a template may lower or raise what a client wrote. */
function characterClass(chars: string[]): RegExp {
  const variants = new Set(chars.flatMap((char) => [char, char.toLowerCase(), char.toUpperCase()]).filter((char) => char.length === 1));
  const units = Array.from(variants, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return new RegExp(`[${units.join("")}]`, "g");
}
