/** The door to one model: every reply waits for its turn, is held to its limits, and is counted. */
import { resolveGeneration } from "../src/generate/options.ts";
import type { CompletionPart, EmbedOptions, FinishReason, GenerateOptions, Model, ReplyPart, Stats, Usage } from "../src/index.ts";
import { ApiError, errorCode, isRefusal } from "./errors.ts";
import { FairQueue, QueueError } from "./limits/fair-queue.ts";
import { CHARACTERS_PER_TOKEN, type ResolvedLimits } from "./limits/limits.ts";
import { type Rates, retrySeconds, type Settle } from "./limits/rates.ts";
import { Turn } from "./turn.ts";
import type { Visit } from "./visit.ts";

/** What is reckoned where a request does not say how long its reply may be. */
const EXPECTED_REPLY_TOKENS = 256;
/** Rough, for what is reckoned before a prompt is tokenised. */
const EXPECTED_CHARACTERS_PER_TOKEN = 4;

export interface AdmissionOptions {
  readonly id: string;
  readonly model: Model;
  readonly limits: ResolvedLimits;
  readonly rates: Rates;
  readonly onReply: (visit: Visit, usage: Usage) => void;
}

interface Asked extends GenerateOptions {
  /** Prompts that are computed each for itself, default 1. */
  readonly parts?: number;
}

export class Admission {
  readonly queue: FairQueue;
  readonly #options: AdmissionOptions;
  #replyMs = 1000; // what replies took of late

  constructor(options: AdmissionOptions) {
    const { model, limits } = options;
    this.#options = options;
    this.queue = new FairQueue({ capacity: model.info.maxSequences, maxWaiting: limits.maxQueue });
  }

  stats(): Stats {
    return this.#options.model.stats();
  }

  /** The model as one request sees it. What a request does not need is not there. */
  modelFor(visit: Visit): Model {
    const { id, model } = this.#options;
    visit.model = id;
    const refuse = (): never => {
      throw new Error("a request does not end or keep a model");
    };
    const read = <T extends string | number[] | object>(input: T): T => {
      this.#checkLength(input);
      return input;
    };
    return {
      info: model.info,
      chat: (messages, options = {}) =>
        this.#whole(visit, [messages, options.tools], options, (signal) => model.chat(messages, { ...options, signal })),
      chatStream: (messages, options = {}) =>
        this.#stream<ReplyPart>(visit, [messages, options.tools], options, (signal) => model.chatStream(messages, { ...options, signal })),
      complete: (prompt, options = {}) => this.#whole(visit, prompt, options, (signal) => model.complete(prompt, { ...options, signal })),
      completeStream: (prompt, options = {}) =>
        this.#stream<CompletionPart>(visit, prompt, options, (signal) => model.completeStream(prompt, { ...options, signal })),
      embed: (texts, options = {}) => this.#embed(visit, texts, options),
      evaluate: (ids, options = {}) => this.#whole(visit, ids, { ...options, maxTokens: 0 }, (signal) => model.evaluate(ids, { signal })),
      tokenize: (text, options) => model.tokenize(read(text), options),
      detokenize: (ids, options) => model.detokenize(read(ids), options),
      countTokens: async (messages, options) => {
        this.#checkLength([messages, options?.tools]);
        return model.countTokens(messages, options);
      },
      applyTemplate: (messages, options) => {
        this.#checkLength([messages, options?.tools]);
        return model.applyTemplate(messages, options);
      },
      stats: () => model.stats(),
      session: refuse,
      restore: refuse,
      close: refuse,
      [Symbol.asyncDispose]: refuse,
    };
  }

  /** A limit holds for each text. */
  async #embed(visit: Visit, texts: (string | number[])[], options: EmbedOptions): Promise<Float32Array[]> {
    for (const text of texts) this.#checkLength(text);
    const { vectors } = await this.#whole(visit, texts, { ...options, maxTokens: 0, parts: texts.length }, async (signal) => {
      const started = performance.now();
      let tokens = 0;
      const onTokens = (count: number): void => {
        tokens = count;
        options.onTokens?.(count);
      };
      const embedded = await this.#options.model.embed(texts, { ...options, signal, onTokens });
      const prefillMs = performance.now() - started;
      const usage = { promptTokens: tokens, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0, prefillMs, decodeMs: 0 };
      return { vectors: embedded, usage };
    });
    return vectors;
  }

  async #whole<T>(visit: Visit, input: unknown, asked: Asked, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const turn = await this.#enter(visit, input, asked);
    try {
      const result = await work(turn.signal);
      const { usage, choices } = result as { usage?: Usage; choices?: { finishReason: FinishReason }[] };
      if (usage) turn.noteUsage(usage, true);
      if (choices?.some(({ finishReason }) => finishReason === "abort")) turn.throwIfLate();
      return result;
    } catch (error) {
      throw this.#failed(visit, turn, error);
    } finally {
      turn.end();
    }
  }

  async *#stream<T extends ReplyPart | CompletionPart>(
    visit: Visit,
    input: unknown,
    asked: Asked,
    work: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    const turn = await this.#enter(visit, input, asked);
    try {
      for await (const part of work(turn.signal)) {
        if (part.type === "usage") turn.noteUsage(part.usage);
        else if (part.type !== "finish") turn.notePart();
        else if (part.finishReason === "abort") turn.throwIfLate();
        turn.handOut();
        yield part;
        turn.takeBack();
      }
    } catch (error) {
      throw this.#failed(visit, turn, error);
    } finally {
      turn.end();
    }
  }

  /**
   * What can be found wrong at once is, before anybody waits or is charged.
   *
   * @throws {RangeError} An option. @throws {ApiError} 400: the prompt is too long; 429: the client has used up its tokens; 503: too many wait.
   */
  async #enter(visit: Visit, input: unknown, asked: Asked): Promise<Turn> {
    const { limits, rates, onReply, model } = this.#options;
    const { samplingDefaults, vocabularySize, maxSequences } = model.info;
    resolveGeneration(asked, samplingDefaults, vocabularySize, maxSequences);
    const { n = 1, maxTokens = EXPECTED_REPLY_TOKENS, signal, parts = 1 } = asked;
    const maxConcurrent = visit.client.limits.maxConcurrent ?? limits.maxConcurrent;
    if (maxConcurrent !== undefined && n > maxConcurrent)
      throw new RangeError(`n must be at most ${maxConcurrent}, the replies that one client may have at once`);
    const replyTokens = Math.min(maxTokens, EXPECTED_REPLY_TOKENS) * n;
    const promptTokens = this.#reckon(input, parts);
    const take = (tokens: number): Promise<Settle> => rates.takeTokens(visit, tokens);
    const settle = visit.batch
      ? await visit.batch.charge((prompts) => take(prompts.reduce<number>((sum, one) => sum + this.#reckon(one, parts) + replyTokens, 0)))
      : await take(promptTokens + replyTokens);
    const leaving = signal ? AbortSignal.any([signal, visit.signal]) : visit.signal;
    try {
      const place = await this.queue.enter({
        client: visit.client.id,
        sequences: n,
        maxConcurrent,
        timeout: limits.queueTimeout,
        signal: leaving,
      });
      visit.queueMs = (visit.queueMs ?? 0) + place.waited;
      const started = performance.now();
      return new Turn({
        visit,
        leaving,
        limits,
        promptTokens,
        onEnd: (usage) => {
          place.release();
          if (!usage) return void settle(0).catch(console.error);
          this.#replyMs += (performance.now() - started - this.#replyMs) / 16;
          settle(usage.promptTokens + usage.completionTokens).catch(console.error);
          onReply(visit, usage);
        },
      });
    } catch (error) {
      settle(0).catch(console.error);
      if (error instanceof QueueError) throw this.#refusal(error);
      throw leaving.aborted ? new ApiError(408, "nobody waits for the reply any more", { code: "client_left" }) : error;
    }
  }

  #refusal({ why }: QueueError): ApiError {
    const { maxQueue, queueTimeout } = this.#options.limits;
    if (why === "closed")
      return new ApiError(503, "the server is shutting down", { code: "shutting_down", headers: { "retry-after": "5" } });
    const turns = (this.queue.waiting + 1) / this.#options.model.info.maxSequences;
    const seconds = Math.min(retrySeconds(turns * this.#replyMs), MAX_RETRY_SECONDS);
    const found = why === "full" ? `${maxQueue} requests wait already` : `no reply could begin within ${queueTimeout / 1000} s`;
    return new ApiError(503, `the server is busy: ${found}; try again in ${seconds} s`, {
      code: "server_overloaded",
      headers: { "retry-after": String(seconds) },
    });
  }

  /** Roughly how many tokens a prompt has. @throws {ApiError} 400 */
  #reckon(input: unknown, parts: number): number {
    return Math.ceil(this.#checkLength(input, parts) / EXPECTED_CHARACTERS_PER_TOKEN);
  }

  /** Characters, or ids. @throws {ApiError} 400 */
  #checkLength(input: unknown, parts = 1): number {
    const { model, limits } = this.#options;
    const { contextLength } = model.info;
    const most = (limits.maxPromptCharacters ?? contextLength * CHARACTERS_PER_TOKEN) * parts;
    const length = lengthOf(input);
    if (length <= most) return length;
    throw new ApiError(400, `the prompt has ${length} characters, of which ${most} are read; the context has ${contextLength} tokens`, {
      param: "messages",
      code: "context_length_exceeded",
    });
  }

  #failed(visit: Visit, turn: Turn, error: unknown): unknown {
    const told = turn.late ?? error;
    if (isRefusal(told)) turn.refuse();
    if (!visit.signal.aborted) visit.error ??= errorCode(told);
    return told;
  }
}

const MAX_RETRY_SECONDS = 60;

/** Of all the text in it; a number, which is a token's id, counts as one character. */
function lengthOf(input: unknown): number {
  if (typeof input === "string") return input.length;
  if (typeof input !== "object" || input === null) return 1;
  let length = 0;
  for (const value of Object.values(input)) length += lengthOf(value);
  return length;
}
