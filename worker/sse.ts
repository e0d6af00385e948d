/** Server-sent events, as each API's clients read them. */
import type { Context } from "hono";
import { errorBody, toApiError } from "./errors.ts";

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no", // nginx would hold events back
};

/** How one API writes its events. */
export interface EventFormat {
  readonly event: (data: object) => string;
  /** After the last one. */
  readonly end: string;
  /** Keeps the connection alive while nothing is said. */
  readonly ping: string;
}

const line = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const named = (data: object): string => `event: ${(data as { type: string }).type}\n${line(data)}`;
const comment = ": ping\n\n"; // which clients pass over

/** OpenAI's chat and completions. */
export const unnamedEvents: EventFormat = { event: line, end: "data: [DONE]\n\n", ping: comment };
/** OpenAI's responses. */
export const namedEvents: EventFormat = { event: named, end: "data: [DONE]\n\n", ping: comment };
/** Anthropic's messages. */
export const anthropicEvents: EventFormat = { event: named, end: "", ping: named({ type: "ping" }) };

/** Until an event is there, the client hears something this often, ms: proxies cut what is silent for a minute or less. */
const PING_MS = 10_000;

export interface EventStreamOptions {
  readonly format: EventFormat;
  readonly onLeave: () => void;
  /** The last events of a stream that fails. Default: the error, in the shape of the API. */
  readonly onError?: (error: unknown) => object[];
  readonly pingMs?: number;
}

/**
 * Events are made as fast as they are read. When the reader leaves, `onLeave` is called and the generator returned, so that what it holds is
 * given back. An error after the first byte is an event of its own, and the last.
 */
export function eventStream(
  c: Context,
  events: AsyncGenerator<object, void, void>,
  { format, onLeave, onError, pingMs = PING_MS }: EventStreamOptions,
): Response {
  const encoder = new TextEncoder();
  let left = false;
  let next: Promise<IteratorResult<object, void>> | undefined; // is being made
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (text: string): void => {
        if (!left) controller.enqueue(encoder.encode(text));
      };
      try {
        next ??= events.next();
        const step = await within(next, pingMs);
        if (step === undefined) return send(format.ping);
        next = undefined;
        if (!step.done) return send(format.event(step.value));
        if (format.end !== "") send(format.end);
      } catch (error) {
        const last = onError?.(error) ?? [errorBody(toApiError(error), c.req.path, c.get("visit").sent)];
        for (const event of last) send(format.event(event));
      }
      if (!left) controller.close();
    },
    async cancel() {
      left = true;
      onLeave(); // the generator may be waiting: it returns after its next step only
      await events.return();
    },
  });
  return c.body(body, 200, headers);
}

/** How long a bad request may take to fail with a status; a prompt that takes longer to read begins its stream, ms. */
const FIRST_MS = 2000;

/**
 * The same parts, after the first is there or has failed or has taken long: what is wrong with a request shows in its status where it can.
 *
 * @throws What the first part throws, if in time.
 */
export async function begun<T>(parts: AsyncIterable<T>, firstMs = FIRST_MS): Promise<AsyncGenerator<T, void, void>> {
  const rest = parts[Symbol.asyncIterator]();
  const first = rest.next();
  await within(first, firstMs);
  return (async function* () {
    try {
      for (let step = await first; !step.done; step = await rest.next()) yield step.value;
    } finally {
      await rest.return?.();
    }
  })();
}

/** Undefined: it takes longer. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
