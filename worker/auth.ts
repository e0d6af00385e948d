/** API keys: `Authorization: Bearer KEY`, or `x-api-key: KEY` as Anthropic's clients send it. */
import type { MiddlewareHandler } from "hono";
import { ApiError } from "./errors.ts";
import type { KeyRing } from "./keys.ts";

/** What anybody may see. */
const OPEN: ReadonlySet<string> = new Set(["/", "/health", "/openapi.json", "/docs"]);

/** Lets through who has one of the keys. @throws {ApiError} 401 */
export function requireKey(keys: KeyRing): MiddlewareHandler {
  return async (c, next) => {
    if (OPEN.has(c.req.path)) return next();
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? c.req.header("x-api-key");
    const client = given === undefined ? undefined : await keys.find(given);
    if (client) {
      c.get("visit").client = client;
      return next();
    }
    const message = given === undefined ? "no API key was given; send it as Authorization: Bearer KEY" : "the API key is not valid here";
    throw new ApiError(401, message, { code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } });
  };
}
