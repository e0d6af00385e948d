/** xoshiro128** (Blackman and Vigna), seeded from a text: every tensor has a stream of its own, so that order does not matter. */
export class Random {
  readonly #state = new Uint32Array(4);
  readonly #word = new Uint32Array(1);

  constructor(seed: string) {
    // FNV-1a, then the finisher of MurmurHash3 for each word of the state.
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    for (let i = 0; i < 4; i++) {
      hash = (hash + 0x9e3779b9) | 0;
      let word = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.#state[i] = word ^ (word >>> 16);
    }
  }

  /** Fills `words` with random bits. */
  fill(words: Uint32Array): void {
    let [a = 0, b = 0, c = 0, d = 0] = this.#state;
    for (let i = 0; i < words.length; i++) {
      const r = Math.imul(b, 5);
      words[i] = Math.imul((r << 7) | (r >>> 25), 9);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = (d << 11) | (d >>> 21);
    }
    this.#state.set([a, b, c, d]);
  }

  /** From 0 up to 1, exclusive, 32 bits. */
  next(): number {
    this.fill(this.#word);
    return (this.#word[0] ?? 0) / 2 ** 32;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }
}
