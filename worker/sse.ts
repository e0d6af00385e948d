/** Server-sent events: one `data:` line of JSON each, and `[DONE]`, the way OpenAI's clients read them. */
import { errorBody, toApiError } from "./errors.ts";

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no", // nginx would hold events back
};

export interface EventStreamOptions {
  /** Of the request: an error has the shape of its API. */
  readonly path: string;
  readonly onLeave: () => void;
}

/**
 * Events are made as fast as they are read. When the reader leaves, `onLeave` is called and the generator returned, so that what it holds is
 * given back. An error after the first byte is an event of its own, and the last.
 */
export function eventStream(events: AsyncGenerator<object, void, void>, { path, onLeave }: EventStreamOptions): Response {
  const encoder = new TextEncoder();
  const line = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);
  let left = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await events.next();
        if (left) return;
        controller.enqueue(line(done ? "[DONE]" : JSON.stringify(value)));
        if (done) controller.close();
      } catch (error) {
        if (left) return;
        controller.enqueue(line(JSON.stringify(errorBody(toApiError(error), path))));
        controller.close();
      }
    },
    async cancel() {
      left = true;
      onLeave(); // the generator may be waiting: it returns after its next step only
      await events.return();
    },
  });
  return new Response(body, { headers });
}
