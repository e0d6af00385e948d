/**
 * A server for this machine only answers without a key, and so may any page that somebody here looks at: such a page can point a name of
 * its own at this machine (and is then of one origin with the server), or send what it may not read the answer to. Both are refused.
 */
import type { MiddlewareHandler } from "hono";
import { ApiError } from "./errors.ts";
import type { Environment } from "./visits.ts";

/** For entries that say `localOnly`; cors: origins whose pages may ask. @throws {ApiError} 403 */
export function refuseForeign(cors: readonly string[] = []): MiddlewareHandler {
  return async (c, next) => {
    const { localOnly = false } = (c.env as Environment | undefined) ?? {};
    const { path, method } = c.req;
    if (!localOnly || path === "/health") return next();
    const host = new URL(c.req.url).hostname;
    if (!isLocalName(host)) throw foreign(`${JSON.stringify(host.slice(0, 100))} is no name of it`);
    const origin = c.req.header("origin");
    if (origin !== undefined && !["GET", "HEAD", "OPTIONS"].includes(method) && !mayAsk(origin, cors))
      throw foreign(`pages of ${JSON.stringify(origin.slice(0, 100))} may ask if cors names them`);
    return next();
  };
}

const foreign = (found: string): ApiError =>
  new ApiError(403, `a server without keys answers its own machine only: ${found}`, { code: "foreign_request" });

/** Pages of the server's own have a local name, as it has. */
function mayAsk(origin: string, cors: readonly string[]): boolean {
  if (cors.includes("*") || cors.includes(origin)) return true;
  if (!URL.canParse(origin)) return false; // "null": a frame in a sandbox
  const { protocol, hostname } = new URL(origin);
  return !["http:", "https:"].includes(protocol) || isLocalName(hostname); // extensions and desktop apps have schemes of their own
}

/** An address, or a name that nobody else can give: of this machine, of its network, or without a dot. */
function isLocalName(host: string): boolean {
  return /^([\d.]+|[^.]+|.+\.(local|internal|localhost))$/i.test(host); // as URL writes it: IPv6 without dots
}
