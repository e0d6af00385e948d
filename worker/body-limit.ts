/** How much of a request's body is read. */
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ApiError } from "./errors.ts";
import { unlessLeft } from "./request.ts";

/** Of a body that is refused, so much is read all the same: a client that is cut off while it writes does not read the answer. */
const DISCARDED_BODIES = 4;

/** @throws {ApiError} 413 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: maxBytes,
    onError: async (c) => {
      await discard(c.req.raw.body, DISCARDED_BODIES * maxBytes);
      throw new ApiError(413, `the request body has more than the ${maxBytes} bytes that are read here`, { code: "body_too_large" });
    },
  });
  return (c, next) => unlessLeft(c, () => limit(c, next)); // what fails behind it is told there
}

async function discard(body: ReadableStream<Uint8Array> | null, bytes: number): Promise<void> {
  if (!body || body.locked) return;
  const reader = body.getReader();
  try {
    for (let step = await reader.read(); !step.done && bytes > 0; step = await reader.read()) bytes -= step.value.length;
  } catch {
    // The client left.
  }
  reader.cancel().catch(() => undefined);
}
