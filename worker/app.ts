/** The server as one web-standard function: OpenAI's chat API over models of the library. */
import { Hono } from "hono";
import { type AppOptions, UnsupportedError } from "../src/index.ts";
import { requireKey } from "./auth.ts";
import { limitBody } from "./body-limit.ts";
import { errorResponse } from "./errors.ts";
import { Models } from "./models.ts";
import { addRoutes } from "./routes.ts";

/** Ample for a full context of text with its JSON. */
export const DEFAULT_MAX_BODY_BYTES = 4 * 2 ** 20;

export interface App {
  /** For servers: `Deno.serve(app.fetch)`, `export default app`. */
  readonly fetch: (request: Request, ...rest: unknown[]) => Response | Promise<Response>;
  /** For callers in the same process: `new OpenAI({ baseURL: "http://local/v1", apiKey: "-", fetch: app.request })`. */
  readonly request: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

/**
 * POST /v1/chat/completions, GET /v1/models and GET /health for one model or several; requests that name none get the first.
 * Errors have OpenAI's shape, `{ error: { message, type, param, code } }`. With `apiKeys`, all but /health wants one.
 *
 * @throws {UnsupportedError} An option that does not exist yet; `param` names it.
 * @throws {RangeError} No model, an empty key, or a limit that is none.
 */
export function createApp(options: AppOptions): App {
  refuseUnsupported(options);
  const { apiKeys, limits: { maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = {} } = options;
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1)
    throw new RangeError(`limits.maxBodyBytes must be a whole number from 1 up, not ${maxBodyBytes}`);
  if (apiKeys && (apiKeys.length === 0 || apiKeys.some((key) => !/^\S+$/.test(key))))
    throw new RangeError("apiKeys must hold at least one key, and none empty or with spaces");
  const models = new Models(options.models);

  const app = new Hono();
  app.onError((error, c) => errorResponse(error, c.req.path));
  if (apiKeys) app.use("/v1/*", requireKey(apiKeys));
  app.use(limitBody(maxBodyBytes));
  addRoutes(app, models);
  return { fetch: (request) => app.fetch(request), request: async (input, init) => app.request(input, init) };
}

function refuseUnsupported({ limits, cors, log }: AppOptions): void {
  const { requestsPerMinute, tokensPerMinute, maxQueue } = limits ?? {};
  const options = {
    "limits.requestsPerMinute": requestsPerMinute,
    "limits.tokensPerMinute": tokensPerMinute,
    "limits.maxQueue": maxQueue,
    cors,
    log,
  };
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) throw new UnsupportedError(`${name} is not supported yet; leave it out`, name);
  }
}
