/** Finds control and user-defined tokens in text: at the earliest position, and there the longest. */

/**
 * Hundreds of tokens share their first characters, and the text may be hostile: a sorted list, of which each character leaves a smaller
 * stretch. A trie would be as quick, and take a hundred times the memory of tokens that have no beginning in common.
 */
export class SpecialTokens {
  readonly #texts: readonly string[]; // sorted by UTF-16 unit, so that a text comes before the longer ones that begin with it
  readonly #ids: readonly number[];
  readonly #ranges = new Map<number, readonly [start: number, end: number]>(); // of the texts that begin with this unit

  constructor(ids: ReadonlyMap<string, number>) {
    const sorted = [...ids].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#texts = sorted.map(([text]) => text);
    this.#ids = sorted.map(([, id]) => id);
    for (const [i, text] of this.#texts.entries()) {
      const unit = text.charCodeAt(0);
      this.#ranges.set(unit, [this.#ranges.get(unit)?.[0] ?? i, i + 1]);
    }
  }

  /** The text in order: a number is a special token's id, a string the (never empty) text between. */
  split(text: string): (number | string)[] {
    const pieces: (number | string)[] = [];
    let start = 0;
    for (let i = 0; i < text.length; ) {
      const found = this.#longestAt(text, i);
      if (found === undefined) {
        i++;
        continue;
      }
      if (i > start) pieces.push(text.slice(start, i));
      pieces.push(this.#ids[found]!);
      start = i += this.#texts[found]!.length;
    }
    if (start < text.length) pieces.push(text.slice(start));
    return pieces;
  }

  /** The index of the longest token that the text goes on with at `at`. */
  #longestAt(text: string, at: number): number | undefined {
    let [start, end] = this.#ranges.get(text.charCodeAt(at)) ?? [0, 0];
    let longest: number | undefined;
    for (let length = 1; start < end; length++) {
      if (this.#texts[start]!.length === length) longest = start++;
      if (at + length >= text.length) break;
      const unit = text.charCodeAt(at + length);
      start = this.#firstWith(start, end, length, unit);
      end = this.#firstWith(start, end, length, unit + 1);
    }
    return longest;
  }

  /** The first index in start … end whose text has `unit` or a higher one at `position`. */
  #firstWith(start: number, end: number, position: number, unit: number): number {
    let [low, high] = [start, end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#texts[middle]!.charCodeAt(position) < unit) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
