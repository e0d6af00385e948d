/** API keys: `Authorization: Bearer KEY`. */
import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { ApiError } from "./errors.ts";

/** Lets through who has one of the keys. All keys are compared, and by their hashes: how long it takes says nothing about them. */
export function requireKey(keys: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const matches = await Promise.all(keys.map((key) => timingSafeEqual(key, given ?? "")));
    if (given !== undefined && matches.includes(true)) return next();
    const message = given === undefined ? "no API key was given; send it as Authorization: Bearer KEY" : "the API key is not valid here";
    throw new ApiError(401, message, { code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } });
  };
}
