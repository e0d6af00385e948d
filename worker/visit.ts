/** One request from its coming to the end of its reply: who asks, what it took, what is to be told of it. */
import type { LogEntry } from "../src/index.ts";
import type { Batch } from "./batch.ts";
import type { Sent } from "./field-names.ts";
import type { Client } from "./keys.ts";

declare module "hono" {
  interface ContextVariableMap {
    visit: Visit;
  }
}

export interface VisitStart {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly client: Client;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  readonly onEnd: (visit: Visit) => void;
}

/** What the model said of a reply. */
export interface Spent {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export class Visit {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly started = performance.now();
  readonly #came = new Date();
  readonly #onEnd: (visit: Visit) => void;
  readonly #cut = new AbortController();
  readonly #signal: AbortSignal;
  readonly #forget: () => void;
  /** Headers that the answer gets. */
  readonly headers: Record<string, string> = {};
  client: Client;
  /** Of several prompts, which are charged with the first of them. */
  batch: Batch | undefined;
  /** For errors. */
  sent: Sent = {};
  status = 0; // until it is answered
  model: string | undefined;
  spent: Spent | undefined;
  queueMs: number | undefined;
  firstTokenMs: number | undefined;
  error: string | undefined;
  left = false;
  #work = 1; // the handler, and every reply that is under way
  #ended = false;

  constructor({ id, method, path, client, signal, onEnd }: VisitStart) {
    this.id = id;
    this.method = method;
    this.path = path;
    this.client = client;
    this.#onEnd = onEnd;
    this.#signal = AbortSignal.any([signal, this.#cut.signal]);
    signal.addEventListener("abort", this.#onLeave);
    // Requests made of a request keep its signal for as long as they live; what the signal keeps must not keep them.
    this.#forget = () => signal.removeEventListener("abort", this.#onLeave);
  }

  /** Aborts when the client leaves, or when the server has waited long enough. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  get ms(): number {
    return performance.now() - this.started;
  }

  /** The reply under way is ended where it is. */
  cut(): void {
    this.error ??= "shutting_down";
    this.#cut.abort(new Error("the server is shutting down"));
  }

  /** A reply begins; the visit lasts at least until the returned function is called. */
  hold(): () => void {
    this.#work++;
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  answered(status: number): void {
    this.status = status;
    this.#release();
  }

  spend({ promptTokens, cachedTokens, completionTokens }: Spent): void {
    const before = this.spent;
    this.spent = {
      promptTokens: promptTokens + (before?.promptTokens ?? 0),
      cachedTokens: cachedTokens + (before?.cachedTokens ?? 0),
      completionTokens: completionTokens + (before?.completionTokens ?? 0),
    };
  }

  toLogEntry(): LogEntry {
    const { id, client, method, path, left, model, queueMs, firstTokenMs, error, spent } = this;
    return {
      time: this.#came.toISOString(),
      id,
      client: client.name,
      method,
      path,
      status: this.status || CLIENT_LEFT,
      ms: round(this.ms),
      ...(model !== undefined && { model }),
      ...spent,
      ...(queueMs !== undefined && { queueMs: round(queueMs) }),
      ...(firstTokenMs !== undefined && { firstTokenMs: round(firstTokenMs) }),
      ...(error !== undefined && { error }),
      ...(left && { left: true }),
    };
  }

  #release(): void {
    if (--this.#work === 0) this.#end();
  }

  readonly #onLeave = (): void => {
    this.left = true;
    queueMicrotask(() => this.#end()); // when its replies have heard it too
  };

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget();
    this.batch?.settle();
    this.#onEnd(this);
  }
}

/** As nginx logs it: nobody was there to be answered. */
export const CLIENT_LEFT = 499;

const round = (ms: number): number => Math.round(ms * 10) / 10;
