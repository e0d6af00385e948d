/** One reply while it has its place with the model: it ends by itself, when its client leaves, or when it takes too long. */
import type { Usage } from "../src/index.ts";
import { ApiError } from "./errors.ts";
import type { ResolvedLimits } from "./limits/limits.ts";
import type { Visit } from "./visit.ts";

export interface TurnOptions {
  readonly visit: Visit;
  /** Aborts when the client leaves or the server ends. */
  readonly leaving: AbortSignal;
  readonly limits: Pick<ResolvedLimits, "replyTimeout" | "readTimeout">;
  /** Reckoned, for a reply that does not come to its usage. */
  readonly promptTokens: number;
  /** undefined: it was refused before anything was computed. */
  readonly onEnd: (usage: Usage | undefined) => void;
}

export class Turn {
  readonly signal: AbortSignal;
  readonly #options: TurnOptions;
  readonly #began = performance.now();
  readonly #timedOut = new AbortController();
  readonly #replyTimer: ReturnType<typeof setTimeout>;
  readonly #readTimer: ReturnType<typeof setInterval>;
  readonly #release: () => void;
  #late: ApiError | undefined;
  #usage: Usage | undefined;
  #parts = 0;
  #firstAt: number | undefined;
  #handedOut: number | undefined; // since when the reader has it
  #refused = false;
  #ended = false;

  constructor(options: TurnOptions) {
    const { visit, leaving, limits } = options;
    this.#options = options;
    this.#release = visit.hold();
    this.signal = AbortSignal.any([leaving, this.#timedOut.signal]);
    // Who has left may leave a stream that nobody reads to its end.
    this.signal.addEventListener("abort", this.#onAbort);
    this.#replyTimer = setTimeout(() => this.#timeOut(`the reply took longer than ${limits.replyTimeout / 1000} s`), limits.replyTimeout);
    this.#readTimer = setInterval(() => {
      if (this.#handedOut !== undefined && performance.now() - this.#handedOut >= limits.readTimeout)
        this.#timeOut(`the reply was not read for ${limits.readTimeout / 1000} s`);
    }, limits.readTimeout);
    if (leaving.aborted) this.end();
  }

  /** Why it was ended, if it took too long. */
  get late(): ApiError | undefined {
    return this.#late;
  }

  /** @throws {ApiError} 504 */
  throwIfLate(): void {
    if (this.#late) throw this.#late;
  }

  notePart(): void {
    if (this.#parts++ > 0) return;
    this.#firstAt = performance.now();
    this.#options.visit.firstTokenMs ??= this.#options.visit.ms;
  }

  /** whole: there were no parts to be seen. */
  noteUsage(usage: Usage, whole = false): void {
    this.#usage = usage;
    const { visit } = this.#options;
    if (whole) visit.firstTokenMs ??= visit.ms - (performance.now() - this.#began) + usage.prefillMs;
  }

  /** The request was wrong: unless parts have been seen, nothing was computed. */
  refuse(): void {
    this.#refused = this.#parts === 0;
  }

  handOut(): void {
    this.#handedOut = performance.now();
  }

  takeBack(): void {
    this.#handedOut = undefined;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#replyTimer);
    clearInterval(this.#readTimer);
    this.signal.removeEventListener("abort", this.#onAbort);
    const usage = this.#refused ? undefined : (this.#usage ?? this.#reckoned());
    if (usage) this.#options.visit.spend(usage);
    this.#options.onEnd(usage);
    this.#release();
  }

  readonly #onAbort = (): void => this.end();

  #timeOut(message: string): void {
    this.#late = new ApiError(504, message, { code: "timeout" });
    this.#options.visit.error ??= "timeout"; // the end that follows may be the end of the visit
    this.#timedOut.abort(this.#late);
  }

  /** A part is about a token. */
  #reckoned(): Usage {
    const now = performance.now();
    const first = this.#firstAt ?? now;
    return {
      promptTokens: this.#options.promptTokens,
      cachedTokens: 0,
      completionTokens: this.#parts,
      reasoningTokens: 0,
      prefillMs: first - this.#began,
      decodeMs: now - first,
    };
  }
}
