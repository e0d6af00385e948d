/** The requests that are under way: each is counted and logged, and waited for at the end. */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { LogEntry } from "../src/index.ts";
import { networkOf } from "./client-address.ts";
import { ApiError, errorCode } from "./errors.ts";
import { Visit } from "./visit.ts";

/** What an entry may pass to `fetch` beside the request. */
export interface Environment {
  readonly clientAddress?: string | undefined;
  /** The server listens to this machine only. */
  readonly localOnly?: boolean;
}

export interface VisitsOptions {
  readonly log: ((entry: LogEntry) => void) | undefined;
  /** route: the pattern that the path matched; "other" where there is none. */
  readonly onEnd: (visit: Visit, route: string) => void;
}

/** Requests at once, whatever they ask for: each may hold a body. */
export const MAX_VISITS = 2048;
/** Behind `cut`, until the replies have ended that it ends. */
const CUT_MS = 1000;

export class Visits {
  readonly #options: VisitsOptions;
  readonly #open = new Set<Visit>();
  #onEmpty: (() => void) | undefined;

  constructor(options: VisitsOptions) {
    this.#options = options;
  }

  track: MiddlewareHandler = async (c, next) => {
    const { method, path } = c.req;
    const address = (c.env as Environment | undefined)?.clientAddress ?? "";
    const visit = new Visit({
      id: c.get("requestId"),
      method,
      path,
      client: { id: `address ${networkOf(address)}`, account: "", name: address || "-", limits: {} },
      signal: c.req.raw.signal,
      onEnd: (ended) => {
        this.#open.delete(ended);
        const route = matchedRoutes(c).find(({ path }) => !path.includes("*"));
        this.#options.onEnd(ended, route?.path ?? "other");
        this.#options.log?.(ended.toLogEntry());
        if (this.#open.size === 0) this.#onEmpty?.();
      },
    });
    c.set("visit", visit);
    visit.headers["x-request-id"] = visit.id; // an answer that is no `c.json` has lost what was set before
    if (path.startsWith("/v1/messages")) visit.headers["request-id"] = visit.id; // where Anthropic's clients look for it
    this.#open.add(visit);
    if (this.#open.size > MAX_VISITS) {
      const error = new ApiError(503, "too many requests are under way here; try again in a second", {
        code: "server_overloaded",
        headers: { "retry-after": "1" },
      });
      visit.error = errorCode(error);
      visit.answered(error.status);
      throw error;
    }
    try {
      await next();
    } catch (error) {
      visit.error = errorCode(error);
      visit.answered(500);
      throw error;
    }
    if (c.error) visit.error ??= errorCode(c.error);
    for (const [name, value] of Object.entries(visit.headers)) c.res.headers.set(name, value);
    visit.answered(c.res.status);
  };

  /** Resolves when none is under way; after `graceMs` those that are get cut. */
  async finish(graceMs: number): Promise<void> {
    if (await this.#emptyWithin(graceMs)) return;
    for (const visit of this.#open) visit.cut();
    await this.#emptyWithin(CUT_MS);
  }

  async #emptyWithin(ms: number): Promise<boolean> {
    if (this.#open.size === 0) return true;
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), ms);
      this.#onEmpty = () => {
        clearTimeout(late);
        resolve(true);
      };
    });
  }
}
