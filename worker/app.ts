/** The server as one web-standard function: OpenAI's and Anthropic's APIs over models of the library. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import type { AppOptions } from "../src/index.ts";
import { Admission } from "./admission.ts";
import { requireKey } from "./auth.ts";
import { limitBody } from "./body-limit.ts";
import { errorResponse } from "./errors.ts";
import { refuseForeign } from "./foreign.ts";
import { health, requireModels } from "./health.ts";
import { KeyRing } from "./keys.ts";
import { resolveLimits } from "./limits/limits.ts";
import { MemoryStore } from "./limits/memory-store.ts";
import { Rates } from "./limits/rates.ts";
import { EXPOSITION_TYPE } from "./metrics/exposition.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";
import { Models } from "./models.ts";
import { addRoutes } from "./routes.ts";
import { Visits } from "./visits.ts";

export interface App {
  /** For servers: `Deno.serve(app.fetch)`, `export default app`. Entries that know it pass `{ clientAddress, localOnly }` beside the request. */
  readonly fetch: (request: Request, ...rest: unknown[]) => Response | Promise<Response>;
  /** For callers in the same process: `new OpenAI({ baseURL: "http://local/v1", apiKey: "-", fetch: app.request })`. */
  readonly request: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Refuses who comes and who waits, and resolves when the replies under way have ended; after `graceMs` they are cut off. */
  readonly close: (graceMs?: number) => Promise<void>;
}

/** Less than the 30 s that most supervisors wait before they kill. */
export const DEFAULT_GRACE_MS = 25_000;

/**
 * Every address of docs/http.md, for one model or several; requests that name none get the first.
 * Errors have the shape of the API that is asked. With `apiKeys`, all but /, /health, /openapi.json and /docs want one.
 *
 * @throws {RangeError} No model; a key, a limit or an origin that is none.
 */
export function createApp(options: AppOptions): App {
  const limits = resolveLimits(options.limits);
  const keys = options.apiKeys && new KeyRing(options.apiKeys);
  const rates = new Rates(options.limitStore ?? new MemoryStore(), limits);
  const metrics: ServerMetrics = new ServerMetrics({
    admissions: () => models.admissions,
    runtime: options.metrics,
  });
  const models = new Models(
    options.models,
    (id, model) => new Admission({ id, model, limits, rates, onReply: (visit, usage) => metrics.countReply(visit, usage) }),
  );
  const visits = new Visits({ log: options.log, onEnd: (visit, route) => metrics.countRequest(visit, route) });

  const app = new Hono();
  app.onError((error, c) => errorResponse(error, c.req.path, c.get("visit")?.sent));
  app.use(requestId());
  app.use(visits.track);
  if (options.cors) app.use(allowOrigins(options.cors));
  app.use(keys ? requireKey(keys) : refuseForeign(options.cors));
  app.get("/health", health(models, options.loading));
  app.get("/metrics", (c) => c.body(metrics.toString(), 200, { "content-type": EXPOSITION_TYPE }));
  app.use(requireModels(models));
  app.use(rates.countRequests);
  app.use(limitBody(limits.maxBodyBytes));
  addRoutes(app, models);

  return {
    fetch: (request, environment) => app.fetch(request, environment),
    request: async (input, init) => app.request(input, init),
    async close(graceMs = DEFAULT_GRACE_MS) {
      models.close();
      await visits.finish(graceMs);
    },
  };
}

/** Pages of these origins may ask, and read what a client has to know. @throws {RangeError} */
function allowOrigins(origins: readonly string[]): ReturnType<typeof cors> {
  const wrong = origins.find((origin) => origin !== "*" && (!URL.canParse(origin) || new URL(origin).origin !== origin));
  if (wrong !== undefined) throw new RangeError(`cors must hold origins as "https://example.com", or "*", not ${JSON.stringify(wrong)}`);
  const limitHeaders = ["limit", "remaining", "reset"].flatMap((what) =>
    ["requests", "tokens"].map((axis) => `x-ratelimit-${what}-${axis}`),
  );
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    exposeHeaders: ["x-request-id", "request-id", "retry-after", "x-ignored-params", ...limitHeaders],
    maxAge: CORS_SECONDS,
  });
}

const CORS_SECONDS = 3600; // that a browser need not ask again
