/** What is asked of the server at most; each has its name in AppOptions.limits. */
import type { Limits } from "../../src/index.ts";

const DEFAULTS = {
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  maxConcurrent: undefined,
  maxQueue: 100,
  maxBodyBytes: 4 * 2 ** 20, // ample for a full context of text with its JSON
  maxPromptCharacters: undefined, // by the model's context
  queueTimeout: 60_000,
  replyTimeout: 600_000,
  readTimeout: 30_000,
} as const satisfies { [K in keyof Required<Limits>]: number | undefined };

/** Text of ordinary languages has 3 to 5; what has more could not be counted without tokenising it, which takes all others' time. */
export const CHARACTERS_PER_TOKEN = 16;

const MAX_TIMER = 2 ** 31 - 1; // ms; longer ones fire at once

export type ResolvedLimits = { readonly [K in keyof typeof DEFAULTS]: (typeof DEFAULTS)[K] extends number ? number : number | undefined };

/** @throws {RangeError} A limit that is none; the message names it. */
export function resolveLimits(given: Limits = {}): ResolvedLimits {
  const resolved: Record<string, number | undefined> = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new RangeError(`limits.${name} is no limit; there are ${Object.keys(DEFAULTS).join(", ")}`);
    if (value === undefined) continue;
    const [least, most] = [name === "maxQueue" ? 0 : 1, name.endsWith("Timeout") ? MAX_TIMER : Number.MAX_SAFE_INTEGER];
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new RangeError(
        `limits.${name} must be a whole number from ${least}${most === MAX_TIMER ? ` to ${most}` : " up"}, not ${String(value)}`,
      );
    resolved[name] = value;
  }
  return resolved as unknown as ResolvedLimits;
}
