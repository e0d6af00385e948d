/** Model of the public contract, over an engine, a tokenizer and a chat template. */
import type { ChatTemplate } from "../chat/chat-template.ts";
import type { Engine } from "../engine/types.ts";
import { UnsupportedError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type {
  ChatOptions,
  CompleteOptions,
  CompletionPart,
  EmbedOptions,
  Evaluation,
  Model,
  ModelInfo,
  ReplyPart,
  Stats,
  Usage,
} from "../types.ts";
import { chat, chatStream } from "./chat.ts";
import { Constraints } from "./constraints.ts";
import { complete, completeStream, evaluate } from "./complete.ts";
import { embed } from "./embed.ts";

export interface ModelParts {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly info: ModelInfo;
  /** Bytes read from the source so far. */
  readonly bytesRead: () => number;
  /** Bytes of memory that the model holds. */
  readonly memoryBytes: number;
  readonly onClose: () => Promise<void>;
}

export function createModel({ engine, tokenizer, template, info, bytesRead, memoryBytes, onClose }: ModelParts): Model {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const speed = { promptTokens: 0, prefillMs: 0, completionTokens: 0, decodeMs: 0 };
  let closed: Promise<void> | undefined;

  /** Work that close waits for: not its reader, who may be the one that closes, or gone. */
  function track(work: Promise<unknown>): void {
    running.add(work);
    const done = (): boolean => running.delete(work);
    work.then(done, done);
  }
  const parts = {
    engine,
    tokenizer,
    template,
    constraints: new Constraints(tokenizer),
    defaults: info.samplingDefaults,
    closing: closing.signal,
    track,
  };

  async function whole<T extends { usage: Usage }>(work: () => Promise<T>): Promise<T> {
    if (closed) throw new Error("the model is closed");
    const reply = await work();
    note(reply.usage);
    return reply;
  }

  async function* streamed<T extends { type: string }>(stream: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
    if (closed) throw new Error("the model is closed");
    for await (const part of stream) {
      if (part.type === "usage") note((part as unknown as { usage: Usage }).usage);
      yield part;
    }
  }

  async function embedded(texts: (string | number[])[], options: EmbedOptions): Promise<Float32Array[]> {
    if (closed) throw new Error("the model is closed");
    const signal = options.signal ? AbortSignal.any([closing.signal, options.signal]) : closing.signal;
    const work = embed(engine, tokenizer, texts, { ...options, signal });
    track(work);
    return work;
  }

  async function judged(ids: number[], signal: AbortSignal | undefined): Promise<Evaluation> {
    if (closed) throw new Error("the model is closed");
    const work = evaluate(engine, ids, signal ? AbortSignal.any([closing.signal, signal]) : closing.signal);
    track(work);
    return work;
  }

  function note(usage: Usage): void {
    for (const key of ["promptTokens", "prefillMs", "completionTokens", "decodeMs"] as const) speed[key] += usage[key];
  }

  const unsupported = (what: string): Promise<never> => Promise.reject(new UnsupportedError(`${what} is not supported yet`, what));

  return {
    info,
    chat: (messages, options: ChatOptions = {}) => whole(() => chat(parts, messages, options)),
    chatStream: (messages, options: ChatOptions = {}): AsyncIterable<ReplyPart> => streamed(chatStream(parts, messages, options)),
    complete: (prompt, options: CompleteOptions = {}) => whole(() => complete(parts, prompt, options)),
    completeStream: (prompt, options: CompleteOptions = {}): AsyncIterable<CompletionPart> =>
      streamed(completeStream(parts, prompt, options)),
    evaluate: (ids, options = {}) => judged(ids, options.signal),
    tokenize: (text, options) => tokenizer.encode(text, options),
    detokenize: (ids, options) => tokenizer.decode(ids, options),
    applyTemplate: (messages, options) => template.render(messages, options).text,
    countTokens: async (messages, options) => {
      if (closed) throw new Error("the model is closed");
      return template.render(messages, options).ids.length;
    },
    embed: (texts, options = {}) => embedded(texts, options),
    session: () => unsupported("session"),
    restore: () => unsupported("restore"),
    stats: (): Stats => ({
      bytesRead: bytesRead(),
      expertHitRate: null,
      perLayerHitRate: [],
      stallMs: 0,
      prefetchAccuracy: null,
      prefillTokensPerSecond: perSecond(speed.promptTokens, speed.prefillMs),
      decodeTokensPerSecond: perSecond(speed.completionTokens, speed.decodeMs),
      peakMemoryBytes: memoryBytes,
    }),
    close() {
      closed ??= (async () => {
        closing.abort(new Error("the model is closed"));
        await Promise.allSettled(running);
        await engine.close();
        await onClose();
      })();
      return closed;
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}

const perSecond = (count: number, ms: number): number => (ms > 0 ? (count * 1000) / ms : 0);
