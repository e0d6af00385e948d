/** Requests and tokens per minute of each client, told in OpenAI's headers. */
import type { MiddlewareHandler } from "hono";
import type { LimitStore, Taken } from "../../src/index.ts";
import { ApiError } from "../errors.ts";
import type { Visit } from "../visit.ts";
import type { ResolvedLimits } from "./limits.ts";

type Axis = "requests" | "tokens";
/** Is told how many tokens it was in the end. */
export type Settle = (actual: number) => Promise<void>;

export class Rates {
  readonly #store: LimitStore;
  readonly #limits: ResolvedLimits;

  constructor(store: LimitStore, limits: ResolvedLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Counts each request that is no mere look. @throws {ApiError} 429 */
  countRequests: MiddlewareHandler = async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") await this.#take(c.get("visit"), "requests", 1);
    return next();
  };

  /**
   * Takes the tokens that a reply may come to; more than a minute's count as that. The returned function is told what they were.
   *
   * @throws {ApiError} 429
   */
  async takeTokens(visit: Visit, expected: number): Promise<Settle> {
    const perMinute = this.#perMinute(visit, "tokens");
    if (perMinute === undefined) return () => Promise.resolve();
    const taken = Math.min(expected, perMinute);
    await this.#take(visit, "tokens", taken);
    return async (actual) => {
      if (actual !== taken) await this.#store.take(keyOf(visit, "tokens"), actual - taken, perMinute, true);
    };
  }

  async #take(visit: Visit, axis: Axis, cost: number): Promise<void> {
    const perMinute = this.#perMinute(visit, axis);
    if (perMinute === undefined) return;
    const taken = await this.#store.take(keyOf(visit, axis), cost, perMinute);
    Object.assign(visit.headers, headersOf(axis, perMinute, taken));
    if (taken.allowed) return;
    const seconds = retrySeconds(taken.retryAfter);
    const message = `the limit of ${perMinute} ${axis} per minute is reached; try again in ${seconds} s`;
    throw new ApiError(429, message, { code: "rate_limit_exceeded", headers: { "retry-after": String(seconds) } });
  }

  #perMinute({ client }: Visit, axis: Axis): number | undefined {
    const name = `${axis}PerMinute` as const;
    return client.limits[name] ?? this.#limits[name];
  }
}

/** Whole seconds as Retry-After wants them; not 0, which would be at once. */
export const retrySeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

const keyOf = ({ client }: Visit, axis: Axis): string => `${axis} ${client.id}`;

function headersOf(axis: Axis, perMinute: number, { remaining, resetAfter }: Taken): Record<string, string> {
  return {
    [`x-ratelimit-limit-${axis}`]: String(perMinute),
    [`x-ratelimit-remaining-${axis}`]: String(remaining),
    [`x-ratelimit-reset-${axis}`]: duration(resetAfter),
  };
}

/** As OpenAI writes it: "250ms", "6.5s", "1m30s". */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  const minutes = Math.floor(seconds / 60);
  return `${minutes > 0 ? `${minutes}m` : ""}${Number((seconds - minutes * 60).toFixed(1))}s`;
}
