/** The caller's end of a model's threads: calls go to the leader, parts come back; threads that end are started anew. */
import { helpReading } from "../../engine/engine.ts";
import { macrotask } from "../../engine/macrotask.ts";
import type { EnginePlan } from "../../engine/plan.ts";
import type { ModelInfo, Stats, WeightSource } from "../../types.ts";
import { releaseMemories } from "../../wasm/bank.ts";
import { Channel } from "../channel.ts";
import type { Thread } from "../../runtime/threads.ts";
import type { ModelParts, TextParts } from "../open-model.ts";
import type { CallMethod, FromLeader } from "./messages.ts";
import { Supervisor } from "./supervisor.ts";
import { fromWire, toWire } from "./wire-error.ts";

export interface LinkOptions {
  readonly plan: EnginePlan;
  readonly started: Thread[]; // threads that wait to begin
  readonly text: TextParts; // of which the first of them was told
  readonly parts: ModelParts;
  /** Read from beside the threads, and for them, unless they can open the input by themselves. */
  readonly source: WeightSource;
  readonly input: string | undefined;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** A call that is under way. */
interface Call {
  readonly onPart?: (part: never) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** Threads that end so often are not started again. */
const MAX_RESTARTS = 3;
const RESTARTS_MS = 60_000;

export class Link {
  readonly #options: LinkOptions;
  readonly #memories: WebAssembly.Memory[];
  readonly #supervisor: Supervisor;
  readonly #calls = new Map<number, Call>();
  readonly #reading = new AbortController();
  readonly #reads = new Set<Promise<void>>(); // for the leader
  #help: Promise<void> | undefined; // what this thread reads of the weights
  readonly #restarts: number[] = []; // when
  #count = 0;
  #bytesRead = 0;
  #info: ModelInfo | undefined;
  #stats: Stats | undefined;
  #ready!: Promise<void>;
  #onReady: { resolve: (ready?: Promise<void>) => void; reject: (error: unknown) => void } | undefined;
  #failure: Error | undefined; // what a thread ended of
  #onClosed: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {OutOfMemoryError} */
  constructor(options: LinkOptions) {
    const { plan, started, text, parts, input } = options;
    this.#options = options;
    const memories = options.plan.banks.createMemories();
    this.#memories = memories;
    this.#supervisor = new Supervisor({
      plan,
      started,
      text,
      data: { memories, parts, input },
      onMessage: (message) => this.#hear(message),
      onLost: (error) => this.#restart(this.#failure ?? error ?? new Error("a thread of the model ended")),
    });
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const failed = (reason: unknown): void => this.#onReady?.reject(reason);
    const onAbort = (): void => failed(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      this.#begin(false);
      this.#help = this.#readWeights();
      this.#help.catch(failed);
      await this.#ready;
      this.#progress(this.#options.parts.weightBytes - this.#bytesRead); // what was not told yet
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    this.#rest();
  }

  /** Gives everything back after a start that failed. */
  async abandon(): Promise<void> {
    this.#reading.abort();
    await Promise.all([this.#supervisor.stop(), Promise.allSettled([this.#help, ...this.#reads])]);
    releaseMemories(this.#memories);
  }

  /** Once it has started. */
  get info(): ModelInfo {
    return this.#info!;
  }

  stats(): Stats {
    return { ...this.#stats!, bytesRead: this.#bytesRead };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#supervisor.hold(true);
    await this.#ready.catch(() => undefined);
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      if (!this.#supervisor.close()) resolve();
    });
    await this.#supervisor.stop();
    for (const call of this.#calls.keys()) this.#settle(call)?.reject(new Error("the model is closed"));
    releaseMemories(this.#memories);
    await this.#options.source.close();
  }

  /** Options but the signal, which is followed here, must be what a message can hold. */
  async call(method: CallMethod, input: unknown, options: object & { signal?: AbortSignal }, onPart?: Call["onPart"]): Promise<unknown> {
    if (this.#closed) throw new Error("the model is closed");
    await this.#ready;
    if (this.#closed) throw new Error("the model is closed");
    const { signal, ...rest } = options;
    const call = ++this.#count;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#supervisor.tell({ type: "abort", call });
      this.#supervisor.tell({ type: "call", call, method, input, options: rest, aborted: signal?.aborted ?? false });
      signal?.addEventListener("abort", onAbort);
      this.#calls.set(call, { resolve, reject, signal, onAbort, ...(onPart && { onPart }) });
      this.#supervisor.hold(true);
    });
  }

  async *stream<T>(method: CallMethod, input: unknown, options: object & { signal?: AbortSignal }): AsyncGenerator<T, void, void> {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    const parts = new Channel<T>();
    let ended = false;
    const work = this.call(method, input, { ...options, signal }, (part) => void parts.push(part)).finally(() => {
      ended = true;
      parts.close();
    });
    work.catch(() => undefined); // the reader is told when it comes to it
    try {
      yield* parts.read();
      await work;
    } finally {
      if (!ended) left.abort();
      await work.catch(() => undefined); // sequences are given back before the caller goes on
    }
  }

  #hear(message: FromLeader): void {
    switch (message.type) {
      case "ready":
        // Not while this thread still reads: one that is lost until then is lost while loading.
        this.#help?.then(
          () => {
            this.#info = message.info;
            this.#stats = message.stats;
            this.#onReady?.resolve();
          },
          () => undefined,
        );
        break;
      case "bytes":
        if (!this.#stats) this.#tellProgress(message.bytes);
        break;
      case "read": {
        const read = this.#read(message).finally(() => this.#reads.delete(read));
        this.#reads.add(read);
        break;
      }
      case "part":
        this.#calls.get(message.call)?.onPart?.(message.part as never);
        break;
      case "end":
        this.#stats = message.stats;
        this.#settle(message.call)?.resolve(message.value);
        break;
      case "error":
        if (message.call === undefined) {
          this.#failure = fromWire(message.error);
          if (!this.#stats) this.#onReady?.reject(this.#failure);
        } else {
          const call = this.#settle(message.call);
          call?.reject(call.signal?.aborted && message.error.name === "AbortError" ? call.signal.reason : fromWire(message.error));
        }
        break;
      case "closed":
        this.#onClosed?.();
    }
  }

  /** What the caller's own function throws is load's error, and not the process's. */
  #tellProgress(bytes: number): void {
    try {
      this.#progress(bytes);
    } catch (error) {
      this.#onReady?.reject(error);
    }
  }

  #progress(bytes: number): void {
    this.#bytesRead += bytes;
    if (bytes > 0 && !this.#options.signal?.aborted) this.#options.onBytes?.(bytes);
  }

  #readWeights(): Promise<void> {
    const { plan, parts, source } = this.#options;
    // What is in memory already is read at once: messages, timers and aborts have their turn between two pieces.
    const read: WeightSource["read"] = async (...piece) => {
      await source.read(...piece);
      await macrotask();
    };
    return helpReading(plan, {
      kernels: parts.kernels,
      memories: this.#memories,
      source: { name: source.name, size: (...of) => source.size(...of), read, close: () => source.close() },
      onBytes: (bytes) => this.#progress(bytes),
      signal: this.#reading.signal,
    });
  }

  async #read({ read, shard, offset, target }: Extract<FromLeader, { type: "read" }>): Promise<void> {
    try {
      await this.#options.source.read(shard, offset, target, this.#reading.signal);
      this.#supervisor.tell({ type: "read", read });
    } catch (error) {
      if (!this.#stats) this.#onReady?.reject(error); // as it is, and not as it comes back from the leader
      this.#supervisor.tell({ type: "read", read, error: toWire(error) });
    }
  }

  #settle(call: number): Call | undefined {
    const settled = this.#calls.get(call);
    this.#calls.delete(call);
    settled?.signal?.removeEventListener("abort", settled.onAbort);
    this.#rest();
    return settled;
  }

  /** An idle model does not keep the process from ending. */
  #rest(): void {
    if (this.#calls.size === 0 && !this.#closed) this.#supervisor.hold(false);
  }

  #begin(loaded: boolean): void {
    const earlier = this.#onReady;
    this.#ready = new Promise((resolve, reject) => {
      this.#onReady = { resolve: (ready) => resolve(ready), reject };
    });
    this.#ready.catch(() => undefined); // whoever calls is told
    earlier?.resolve(this.#ready);
    this.#supervisor.start(loaded);
  }

  /** What was being computed is lost; the weights are still there. */
  #restart(error: Error): void {
    this.#failure = undefined;
    if (!this.#stats) return this.#onReady?.reject(error); // while loading
    for (const call of this.#calls.keys()) this.#settle(call)?.reject(new Error(`the reply was lost: ${error.message}`, { cause: error }));
    this.#onClosed?.();
    if (this.#closed) return this.#onReady?.reject(error); // whoever closes waits for a start that was under way
    const now = performance.now();
    this.#restarts.push(now);
    if (this.#restarts.filter((at) => now - at < RESTARTS_MS).length <= MAX_RESTARTS) this.#begin(true);
    else {
      const failed = Promise.reject(new Error(`the model's threads keep ending: ${error.message}`, { cause: error }));
      failed.catch(() => undefined);
      this.#ready = failed;
      this.#onReady?.resolve(failed);
    }
  }
}
