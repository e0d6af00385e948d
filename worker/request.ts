/** What every route does with a request: reads its body, and follows its client's leaving. */
import type { Context } from "hono";
import type * as z from "zod/mini";
import { ApiError } from "./errors.ts";
import type { Body } from "./schemas/body.ts";

/** The body, checked; fields that nothing knows are named in a header of the answer. @throws {ApiError} 400 */
export async function readBody<Shape extends z.core.$ZodLooseShape>(
  c: Context,
  body: Body<Shape>,
): Promise<z.output<z.ZodMiniObject<Shape, z.core.$loose>>> {
  const { data, ignored } = body.read(parseJson(await unlessLeft(c, () => c.req.text())));
  if (ignored.length > 0) c.header("x-ignored-params", listed(ignored));
  return data;
}

/** What reads the body fails when who sends it leaves in the middle: that is no fault of the server's. @throws {ApiError} 408 */
export async function unlessLeft<T>(c: Context, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!c.get("visit").signal.aborted) throw error;
    throw new ApiError(408, "the client left before its request was whole", { code: "client_left" });
  }
}

/** Aborts when the client leaves: `leave` is called where a stream finds out first. */
export function leaving(c: Context): { signal: AbortSignal; leave: () => void } {
  const left = new AbortController();
  return { signal: AbortSignal.any([c.req.raw.signal, left.signal]), leave: () => left.abort() };
}

/** Characters of the header: proxies refuse long ones. */
const MAX_HEADER = 1000;

function listed(names: string[]): string {
  const safe = names.map((name) => encodeURIComponent(name.slice(0, 60).replace(/\p{Cs}/gu, "?")));
  let text = "";
  for (const [i, name] of safe.entries()) {
    const rest = `${safe.length - i} more`;
    if (text.length + name.length + rest.length + 4 > MAX_HEADER) return `${text}, ${rest}`;
    text += text === "" ? name : `, ${name}`;
  }
  return text;
}

/** Far above any schema; what walks a body recursively must not run out of stack. */
const MAX_DEPTH = 100;

/** @throws {ApiError} 400 */
function parseJson(text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const found = text.trim() === "" ? "it is empty" : error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw new ApiError(400, `the request body is not valid JSON: ${found}`, { code: "invalid_json" });
  }
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new ApiError(400, `the request body nests deeper than the ${MAX_DEPTH} levels that are read here`, { code: "invalid_json" });
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? (Object.values(value) as unknown[]) : []));
  }
  return body;
}
