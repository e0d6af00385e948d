/** Whether requests would be answered: for balancers, and for all other requests. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppOptions } from "../src/index.ts";
import { ApiError } from "./errors.ts";
import type { Models } from "./models.ts";

const RETRY_SECONDS = 5;
const REFUSALS = {
  loading: [`the model is being loaded; try again in ${RETRY_SECONDS} s`, "model_loading"],
  failed: ["the model could not be loaded; the server's log says why", "model_failed"],
  stopping: ["the server is shutting down", "shutting_down"],
} as const;
const RETRY = { "retry-after": String(RETRY_SECONDS) };

/** GET /health: 200, or 503 with how far loading is. */
export function health(models: Models, loading: AppOptions["loading"]): (c: Context) => Response {
  return (c) => {
    const { state } = models;
    if (state === "ready") return c.json({ status: "ok" });
    return c.json({ status: state, ...(state === "loading" && loading?.()) }, 503, RETRY);
  };
}

/** What needs a model waits until there is one. @throws {ApiError} 503 */
export function requireModels(models: Models): MiddlewareHandler {
  return (_, next) => {
    const { state } = models;
    if (state === "ready") return next();
    const [message, code] = REFUSALS[state];
    throw new ApiError(503, message, { code, headers: RETRY });
  };
}
