/**
 * A model on a web server, by HTTP range requests (RFC 9110 §14). The body is written into the target as it arrives; a connection that
 * drops is taken up again where it stopped.
 */
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import type { WeightSource } from "../types.ts";
import { checkRange } from "./source.ts";

export interface HttpSourceOptions {
  headers?: Record<string, string>; // for example { authorization: "Bearer …" }
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** How often one read is tried in all. */
  attempts?: number;
  /** Before the second attempt; doubles with each. Milliseconds. */
  retryDelay?: number;
  /** A connection that sends nothing for this long counts as dropped. Milliseconds. */
  idleTimeout?: number;
}

/** What the server says about one shard; it must stay so while it is read. */
interface Remote {
  readonly size: number;
  readonly validator: string | undefined; // ETag, or Last-Modified
}

/** Something that another attempt may mend. */
class TransientError extends Error {}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });

/**
 * The file at `url`; its shards are the files beside it. Nothing is requested before the first `size` or `read`. Those throw WeightsError
 * where the server has no such file, answers no ranges, or changes the file between two reads.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): WeightSource {
  const { headers = {}, attempts = 5, retryDelay = 250, idleTimeout = 30_000 } = options;
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const base = new URL(url);
  const name = fileName(base);
  const remotes = new Map<string, Remote>();
  const closing = new AbortController();

  const urlOf = (shard: string): URL => {
    const of = new URL(base);
    if (shard !== name) of.pathname = of.pathname.replace(/[^/]*$/, encodeURIComponent(shard));
    return of;
  };

  /** One GET of bytes `from` up to `to` (exclusive). The body is handed to `consume` chunk by chunk. */
  const get = async (
    shard: string,
    from: number,
    to: number,
    signal: AbortSignal,
    consume: (chunk: Uint8Array) => void,
  ): Promise<Remote> => {
    const fail = (what: string): WeightsError => new WeightsError(`Cannot read ${display(urlOf(shard))}: ${what}`);
    const idle = new AbortController();
    let timer = setTimeout(() => idle.abort(), idleTimeout);
    try {
      const response = await fetch(urlOf(shard).href, {
        // Without "identity" some servers compress, and then ranges count compressed bytes.
        headers: { ...headers, range: `bytes=${from}-${to - 1}`, "accept-encoding": "identity" },
        signal: AbortSignal.any([signal, idle.signal]),
      });
      const remote = checkResponse(response, from, to, fail);
      const known = remotes.get(shard);
      if (known && (known.size !== remote.size || known.validator !== remote.validator)) {
        await response.body?.cancel();
        throw fail("the file has changed on the server while it was being read; load it again");
      }
      let received = 0;
      if (response.body && remote.size > 0) {
        for await (const chunk of readChunks(response.body)) {
          clearTimeout(timer);
          timer = setTimeout(() => idle.abort(), idleTimeout);
          received += chunk.length;
          if (received > to - from) throw fail(`the server sent more than the ${to - from} bytes that were asked for`);
          consume(chunk);
        }
      }
      if (received < Math.min(to, remote.size) - from) throw new TransientError("the connection ended early");
      return remote;
    } catch (error) {
      signal.throwIfAborted();
      if (idle.signal.aborted) throw new TransientError(`nothing arrived for ${idleTimeout / 1000} seconds`, { cause: error });
      if (error instanceof WeightsError || error instanceof TransientError) throw error;
      throw new TransientError(networkReason(error), { cause: error }); // fetch and body failures are TypeErrors without a code
    } finally {
      clearTimeout(timer);
    }
  };

  /** Runs `attempt` until it succeeds, fails for good, or `attempts` are used up. */
  const retrying = async <T>(shard: string, signal: AbortSignal | undefined, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const both = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    for (let n = 1; ; n++) {
      both.throwIfAborted();
      try {
        return await attempt(both);
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        if (n >= attempts) {
          throw new WeightsError(`Cannot read ${display(urlOf(shard))}: ${error.message} (${n} attempts)`, { cause: error });
        }
        await wait(retryDelay * 2 ** (n - 1), both);
      }
    }
  };

  const size = async (shard: string, signal?: AbortSignal): Promise<number> => {
    const known = remotes.get(shard);
    if (known) return known.size;
    const remote = await retrying(shard, signal, (s) => get(shard, 0, 1, s, () => {}));
    remotes.set(shard, remote);
    return remote.size;
  };

  return {
    name,
    size,
    read: async (shard, offset, target, signal) => {
      checkRange(shard, offset, target.length, await size(shard, signal));
      let done = 0;
      if (target.length === 0) return;
      await retrying(shard, signal, (s) =>
        get(shard, offset + done, offset + target.length, s, (chunk) => {
          target.set(chunk, done);
          done += chunk.length;
        }),
      );
    },
    close: async () => closing.abort(new WeightsError(`Cannot read ${display(base)}: its source was closed`)),
  };
}

/** Checks status and headers of the answer to a request for bytes `from` up to `to`. */
function checkResponse(response: Response, from: number, to: number, fail: (what: string) => WeightsError): Remote {
  const validator = response.headers.get("etag")?.replace(/^W\//, "") ?? response.headers.get("last-modified") ?? undefined;
  const contentRange = response.headers.get("content-range") ?? "";
  const { status } = response;
  if (status === 206) {
    const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange);
    if (!match) throw fail(`the server's Content-Range is ${JSON.stringify(contentRange)}, expected "bytes first-last/size"`);
    const [first, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
    if (first !== from || last !== Math.min(to, size) - 1 || !Number.isSafeInteger(size)) {
      throw fail(`bytes ${from}-${to - 1} were asked for, and the server answered with ${JSON.stringify(contentRange)}`);
    }
    return { size, validator };
  }
  void response.body?.cancel();
  if (status === 416 && /^bytes \*\/0$/.test(contentRange)) return { size: 0, validator };
  if (status >= 500 || status === 408 || status === 429) throw new TransientError(`the server answered ${status}`);
  if (status === 200) throw fail("the server ignores range requests, which reading a model in pieces needs; download the file first");
  if (status === 401 || status === 403) throw fail(`access was denied (${status}); the server wants a login or a token`);
  if (status === 404 || status === 410) throw fail(`there is no such file (${status})`);
  throw fail(`the server answered ${status}`);
}

/** By hand, because Safari's streams are not iterable yet. */
async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** The last segment of the path. */
function fileName(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last) || url.hostname;
  } catch {
    return last; // a stray % sign
  }
}

/** Without the query: signed addresses carry secrets there. */
const display = (url: URL): string => printable(`${url.origin}${url.pathname}`);

/** What lies behind "fetch failed": the name is wrong, nobody listens, the connection broke. */
function networkReason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = inner instanceof Error ? inner.message || inner.name : String(inner);
  return `the connection failed (${printable(message.split("\n")[0] ?? "")})`;
}
