/** API keys: who may ask, and what each may use. What is kept are hashes. */
import * as z from "zod/mini";
import type { ApiKey } from "../src/index.ts";
import "./schemas/zod.ts";

export const MAX_KEYS = 10_000;
const MAX_KEY_LENGTH = 512;
const HASH = /^sha256:([0-9a-f]{64})$/i;
/** A hash that was cut is not taken for a key. */
const KEY = new RegExp(`^(?!sha256:)\\S+$|${HASH.source}`, "i");
export const KEY_NAME = /^[\w.@-]{1,64}$/;
export const KEY_NAME_RULE = "a name has 1 to 64 letters, digits, and any of . _ @ -";

const count = z.optional(z.int().check(z.minimum(1)));
const apiKey = z.strictObject({
  key: z.string().check(z.regex(KEY, "a key has no spaces, and a hash is sha256: and 64 hexadecimal digits"), z.maxLength(MAX_KEY_LENGTH)),
  name: z.optional(z.string().check(z.regex(KEY_NAME, KEY_NAME_RULE))),
  requestsPerMinute: count,
  tokensPerMinute: count,
  maxConcurrent: count,
  models: z.optional(z.array(z.string()).check(z.minLength(1))),
});

/** Who asks: the holder of a key, or whoever is at an address. */
export interface Client {
  readonly id: string; // what is counted by
  readonly account: string; // what it has stored is for this one only; "" where there are no keys
  readonly name: string; // in logs
  readonly limits: Pick<ApiKey, "requestsPerMinute" | "tokensPerMinute" | "maxConcurrent">;
  readonly models?: ReadonlySet<string>;
}

export class KeyRing {
  readonly #keys: readonly ApiKey[]; // their `key` is no more
  readonly #hashes: Promise<readonly Uint8Array[]>;

  /** @throws {RangeError} As checkKeys. */
  constructor(keys: readonly (string | ApiKey)[]) {
    const checked = checkKeys(keys);
    this.#keys = checked.map((one) => ({ ...one, key: "" }));
    this.#hashes = Promise.all(checked.map(({ key }) => hashOf(key)));
  }

  /** All keys are compared, and whole: how long it takes says nothing about them. */
  async find(given: string): Promise<Client | undefined> {
    if (given.length > MAX_KEY_LENGTH) return undefined;
    const [hash, hashes] = await Promise.all([sha256(given), this.#hashes]);
    let found = -1;
    for (const [i, known] of hashes.entries()) {
      let difference = 0;
      for (let at = 0; at < known.length; at++) difference |= known[at]! ^ hash[at]!;
      if (difference === 0) found = i;
    }
    const key = this.#keys[found];
    if (!key) return undefined;
    const { name, models, ...limits } = key;
    const id = toHex(hash).slice(0, 16);
    return { id: `key ${id}`, account: id, name: name ?? id.slice(0, 8), limits, ...(models && { models: new Set(models) }) };
  }
}

/** @throws {RangeError} No keys, too many, or one that is none; the message names it. */
export function checkKeys(keys: unknown): ApiKey[] {
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
    throw new RangeError(`apiKeys must hold from 1 to ${MAX_KEYS} keys`);
  return keys.map((key: unknown, i) => check(typeof key === "string" ? { key } : key, i));
}

/** A key that nobody can guess, and what to keep of it. */
export async function newKey(): Promise<{ key: string; hash: string }> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = `lfm-${toHex(bytes)}`;
  return { key, hash: `sha256:${toHex(await sha256(key))}` };
}

function check(given: unknown, i: number): ApiKey {
  const { success, data, error } = apiKey.safeParse(given);
  if (success) return data as ApiKey;
  const [issue] = error.issues;
  const field = issue?.path.map((step) => `.${String(step)}`).join("") ?? "";
  throw new RangeError(`apiKeys[${i}]${field}: ${issue?.message ?? "invalid"}`);
}

function hashOf(key: string): Promise<Uint8Array> {
  const hex = HASH.exec(key)?.[1];
  if (hex === undefined) return sha256(key);
  return Promise.resolve(Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16)));
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
