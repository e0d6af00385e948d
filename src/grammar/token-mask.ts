/** Which tokens may come next, of a vocabulary. */

/** Up to so many, a list is quicker than a bit for each. */
const MAX_LISTED = 1024;

export class TokenMask {
  readonly count: number;
  readonly #ids: Int32Array | undefined;
  readonly #bits: Uint32Array | undefined;

  private constructor(count: number, ids: Int32Array | undefined, bits: Uint32Array | undefined) {
    this.count = count;
    this.#ids = ids;
    this.#bits = bits;
  }

  /** Of a bit for each token; copied. */
  static of(bits: Uint32Array): TokenMask {
    let count = 0;
    for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) count += ones(bits[i]!);
    if (count > MAX_LISTED) return new TokenMask(count, undefined, bits.slice());
    const ids = new Int32Array(count);
    let at = 0;
    for (let i = 0; i < bits.length; i++) {
      for (let word = bits[i]!; word !== 0; word &= word - 1) ids[at++] = i * 32 + 31 - Math.clz32(word & -word);
    }
    return new TokenMask(count, ids, undefined);
  }

  get bytes(): number {
    return (this.#ids ?? this.#bits!).byteLength;
  }

  /** Sets its tokens' bits. */
  addTo(bits: Uint32Array): void {
    const [ids, own] = [this.#ids, this.#bits];
    if (ids) for (let i = 0; i < ids.length; i++) bits[ids[i]! >> 5]! |= 1 << (ids[i]! & 31);
    else if (own) for (let i = 0; i < own.length; i++) bits[i]! |= own[i]!;
  }

  has(id: number): boolean {
    return this.#ids ? this.#ids.includes(id) : id >> 5 < this.#bits!.length && ((this.#bits![id >> 5]! >>> (id & 31)) & 1) === 1;
  }

  /** −∞ for all tokens but its own. */
  apply(logits: Float32Array): void {
    const [ids, bits] = [this.#ids, this.#bits];
    if (ids) {
      const values = new Float32Array(ids.length);
      for (let i = 0; i < ids.length; i++) values[i] = logits[ids[i]!]!;
      logits.fill(Number.NEGATIVE_INFINITY);
      for (let i = 0; i < ids.length; i++) logits[ids[i]!] = values[i]!;
    } else if (bits) {
      for (let i = 0; i < bits.length; i++) {
        const word = ~bits[i]!;
        if (word === 0) continue;
        const end = Math.min(32 * i + 32, logits.length);
        if (word === -1) logits.fill(Number.NEGATIVE_INFINITY, 32 * i, end);
        else for (let id = 32 * i; id < end; id++) if ((word >>> (id & 31)) & 1) logits[id] = Number.NEGATIVE_INFINITY;
      }
      logits.fill(Number.NEGATIVE_INFINITY, Math.min(32 * bits.length, logits.length));
    }
  }
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
