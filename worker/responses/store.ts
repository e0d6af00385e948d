/** Responses that later ones may continue, in this process's memory: the oldest make room for new ones. Each is there for its owner only. */
import { ApiError } from "../errors.ts";
import type { Item } from "./items.ts";

export const MAX_STORED_RESPONSES = 1000;
export const MAX_STORED_CHARACTERS = 32 * 2 ** 20; // of JSON

interface Stored {
  readonly response: object;
  /** What this one added to the conversation: its input and its output. */
  readonly items: readonly Item[];
  readonly previous: string | undefined;
  readonly characters: number;
  readonly owner: string;
}

export class ResponseStore {
  readonly #responses = new Map<string, Stored>(); // the one that was used longest ago first
  readonly #items = new Map<string, { item: Item; holders: number }>(); // those with ids, which clients may name in place of them; by owner and id
  #characters = 0;

  /** One that is larger than all room is not kept. */
  add(id: string, { response, items, previous }: Pick<Stored, "response" | "items" | "previous">, owner = ""): void {
    const characters = JSON.stringify([response, items]).length;
    if (characters > MAX_STORED_CHARACTERS) return;
    this.#responses.set(id, { response, items, previous, characters, owner });
    for (const item of items) if (typeof item["id"] === "string") this.#hold(`${owner} ${item["id"]}`, item);
    this.#characters += characters;
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size <= MAX_STORED_RESPONSES && this.#characters <= MAX_STORED_CHARACTERS) break;
      this.#delete(oldest);
    }
  }

  /** @throws {ApiError} 404 */
  get(id: string, owner = ""): object {
    const stored = this.#responses.get(id);
    if (stored?.owner !== owner)
      throw new ApiError(404, `there is no response ${JSON.stringify(id.slice(0, 100))} here (any more)`, { code: "response_not_found" });
    return stored.response;
  }

  /** Whether it was there. */
  delete(id: string, owner = ""): boolean {
    return this.#responses.get(id)?.owner === owner && this.#delete(id);
  }

  #delete(id: string): boolean {
    const stored = this.#responses.get(id);
    if (!stored) return false;
    this.#responses.delete(id);
    this.#characters -= stored.characters;
    for (const item of stored.items) {
      const key = `${stored.owner} ${String(item["id"])}`;
      const held = this.#items.get(key);
      if (held && --held.holders === 0) this.#items.delete(key);
    }
    return true;
  }

  /** Other responses may hold the same item: their input referred to it. */
  #hold(key: string, item: Item): void {
    const holders = this.#items.get(key)?.holders ?? 0;
    this.#items.set(key, { item, holders: holders + 1 });
  }

  /** The conversation up to a response, its output included. @throws {ApiError} 400: a part of it is not here (any more). */
  conversation(id: string, owner = ""): Item[] {
    const chain: Stored[] = [];
    for (let at: string | undefined = id; at !== undefined; at = chain[0]!.previous) {
      const stored: Stored | undefined = this.#responses.get(at);
      if (stored?.owner !== owner) {
        const message = `previous_response_id: the response ${JSON.stringify(at.slice(0, 100))} is not here (any more)`;
        throw new ApiError(400, message, { param: "previous_response_id", code: "previous_response_not_found" });
      }
      this.#responses.delete(at); // and is used now
      this.#responses.set(at, stored);
      chain.unshift(stored);
    }
    return chain.flatMap(({ items }) => items);
  }

  /** Items in place of references to them. @throws {ApiError} 400 */
  resolve(items: readonly Item[], owner = ""): Item[] {
    return items.map((item, i) => {
      const id = item["id"];
      if (item["type"] !== "item_reference" && !(item["type"] === undefined && item["role"] === undefined && typeof id === "string"))
        return item;
      const found = typeof id === "string" ? this.#items.get(`${owner} ${id}`)?.item : undefined;
      if (found) return found;
      throw new ApiError(400, `input[${i}]: the item that it refers to is not here (any more)`, { param: "input", code: "item_not_found" });
    });
  }
}
