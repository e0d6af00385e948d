/** The KV cache: pages of 64 positions for all attention layers together, shared by sequences with a common past. */
import type { Bank, BankPlan, Place } from "../wasm/bank.ts";
import type { ModelConfig } from "../weights/config.ts";

export const PAGE_POSITIONS = 64;

export type KvType = "f32" | "f16" | "q8";

/** Bytes of one head's keys, or values, of one position; of q8 with their scale (assembly/appendKv.ts). */
const headBytes = (type: KvType, headDim: number): number => ({ f32: 4 * headDim, f16: 2 * headDim, q8: headDim + 4 })[type];

export class KvCache {
  readonly type: KvType;
  readonly layerBytes: number; // of one attention layer in a page
  readonly #pageBytes: number;
  readonly #places: Place[];
  readonly #users: Uint32Array; // sequences that hold the page
  readonly #free: number[];

  constructor(plan: BankPlan, config: ModelConfig, type: KvType, pages: number) {
    this.type = type;
    this.layerBytes = 2 * config.nKvHeads * PAGE_POSITIONS * headBytes(type, config.headDim);
    this.#pageBytes = this.layerBytes * config.layers.filter((kind) => kind === "attention").length;
    this.#places = Array.from({ length: pages }, () => plan.allocate(this.#pageBytes));
    this.#users = new Uint32Array(pages);
    this.#free = Array.from({ length: pages }, (_, i) => pages - 1 - i);
  }

  /** Where an attention layer's part of a page lies. */
  place(page: number, attentionLayer: number): Place {
    const { bank, offset } = this.#places[page]!;
    return { bank, offset: offset + attentionLayer * this.layerBytes };
  }

  /** Lengthens a sequence's page table until it covers `positions`. There is a page for every position of every sequence. */
  cover(table: number[], positions: number): void {
    while (table.length * PAGE_POSITIONS < positions) {
      const page = this.#free.pop();
      if (page === undefined) throw new Error("the KV cache has fewer pages than its sequences may fill");
      this.#users[page] = 1;
      table.push(page);
    }
  }

  /** A page table with the same past: whole pages are shared, a page that will be written on is copied. */
  fork(table: readonly number[], length: number, banks: readonly Bank[]): number[] {
    const whole = Math.floor(length / PAGE_POSITIONS);
    const copy = table.slice(0, whole);
    for (const page of copy) this.#users[page]!++;
    if (length % PAGE_POSITIONS) {
      this.cover(copy, length);
      const from = this.#places[table[whole]!]!;
      const to = this.#places[copy[whole]!]!;
      banks[to.bank]!.bytes.set(banks[from.bank]!.bytes.subarray(from.offset, from.offset + this.#pageBytes), to.offset);
    }
    return copy;
  }

  release(table: number[]): void {
    for (const page of table.splice(0)) if (--this.#users[page]! === 0) this.#free.push(page);
  }
}
