/**
 * A server for this machine only answers without a key, and so may any page that somebody here looks at: such a page can point a name of
 * its own at this machine (and is then of one origin with the server), or send what it may not read the answer to. Both are refused.
 */
import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "./errors.ts";
import { isLoopback } from "./settings.ts";
import type { Environment } from "./visits.ts";

/** For entries that say `localOnly`; cors: origins whose pages may ask. @throws {ApiError} 403 */
export function refuseForeign(cors: readonly string[] = []): MiddlewareHandler {
  return async (c, next) => {
    const { localOnly = false } = (c.env as Environment | undefined) ?? {};
    const { path, method } = c.req;
    if (!localOnly || path === "/health") return next();
    const host = new URL(c.req.url).hostname;
    if (!isLocalName(host)) throw foreign(`the name ${JSON.stringify(host.slice(0, 100))} is not one of this machine`);
    const origin = c.req.header("origin");
    if (origin !== undefined && !["GET", "HEAD", "OPTIONS"].includes(method) && !mayAsk(origin, cors, c))
      throw foreign(`pages of ${JSON.stringify(origin.slice(0, 100))} may not ask here; --cors allows them`);
    return next();
  };
}

const foreign = (found: string): ApiError =>
  new ApiError(403, `this server is for its own machine and wants no key: ${found}, or give the server a key`, { code: "foreign_request" });

function mayAsk(origin: string, cors: readonly string[], c: Context): boolean {
  if (cors.includes("*") || cors.includes(origin) || origin === new URL(c.req.url).origin) return true;
  if (!URL.canParse(origin)) return false; // "null": a frame in a sandbox
  const { protocol, hostname } = new URL(origin);
  return !["http:", "https:"].includes(protocol) || isLocalName(hostname); // extensions and desktop apps have schemes of their own
}

/** An address, or a name that nobody else can give: of this machine, of its network, or without a dot. */
function isLocalName(host: string): boolean {
  return isLoopback(host) || /^(\[[\da-f:.]+\]|[\d.]+|[^.]+|.+\.(local|internal|localhost))$/i.test(host);
}
