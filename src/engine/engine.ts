/** A loaded model: plans its memory, reads its weights, and gives out sequences. */
import { ContextLengthError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import { BankPlan, releaseBanks } from "../wasm/bank.ts";
import type { KernelModule } from "../wasm/builds.ts";
import { padRows } from "../wasm/formats.ts";
import type { ModelConfig, ModelTensors } from "../weights/config.ts";
import { ExpertStore } from "../weights/expert-store.ts";
import { planWeights } from "../weights/model-weights.ts";
import { repack, stagingBytes, type Repacker } from "../weights/repack.ts";
import { MAX_ROWS, planBuffers, planScratch, widestActivations } from "./buffers.ts";
import type { Core, SequenceState } from "./core.ts";
import { KvCache, PAGE_POSITIONS, type KvType } from "./kv-cache.ts";
import { Linear } from "./linear.ts";
import { Scheduler } from "./scheduler.ts";
import type { AdvanceOptions, Engine, Numerics, Sequence } from "./types.ts";

export interface EngineOptions {
  readonly config: ModelConfig;
  readonly tensors: ModelTensors;
  readonly source: WeightSource;
  readonly kernels: KernelModule;
  readonly contextLength: number;
  readonly maxSequences: number;
  readonly kvType: KvType;
  /** False: experts are read when a token first needs them. Default true. */
  readonly preloadExperts?: boolean;
  /** Bytes of one bank at most; smaller than 4 GiB only to try what happens between banks. */
  readonly bankBytes?: number;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Plans, reads and packs. @throws WeightsError, OutOfMemoryError, the signal's reason */
export async function createEngine(options: EngineOptions): Promise<LfmEngine> {
  const { config, tensors, source, kernels, maxSequences, signal } = options;
  const allTensors = [tensors.embedding, tensors.output, tensors.norm, ...tensors.layers.flatMap(tensorsOf)];
  const scratch = planScratch(config, kernels.build, stagingBytes(allTensors));
  const plan = new BankPlan(options.bankBytes, scratch.bytes);
  const homeScratch = plan.allocate(scratch.bytes, "home").offset;
  const buffers = planBuffers(plan, config, maxSequences);
  const quantized = plan.allocate(
    MAX_ROWS * widestActivations(Math.max(config.hiddenSize, config.nHeads * config.headDim, config.feedForwardSize), kernels.build),
    "home",
  );
  const { weights, jobs } = planWeights(plan, config, tensors);
  const pages = Math.ceil(options.contextLength / PAGE_POSITIONS) * maxSequences;
  const kv = new KvCache(plan, config, options.kvType, pages);
  const experts = new ExpertStore(plan, config, tensors);

  const banks = plan.create(kernels.module);
  const scratchAt = (bank: number): number => (bank === 0 ? homeScratch : plan.scratch);
  try {
    const staging = { offset: scratchAt, bytes: scratch.bytes };
    const repacker: Repacker = { banks, staging, source, ...(options.onBytes && { onBytes: options.onBytes }) };
    for (const job of jobs) await repack(repacker, job, signal);
    if (options.preloadExperts !== false) await experts.fillAll(repacker, signal);
    banks[0]!.kernels.ropeFrequencies(buffers.ropeFrequencies, config.headDim / 2, config.ropeTheta);
    const linear = new Linear(banks, kernels.build, scratch, scratchAt, quantized.offset);
    const core: Core = { config, weights, experts, banks, buffers, scratch, scratchAt, kv, linear };
    return new LfmEngine(core, options, async (layer, missing) => {
      for (const expert of missing) await experts.fill(repacker, layer, expert);
    });
  } catch (error) {
    releaseBanks(banks);
    throw error;
  }
}

function tensorsOf(layer: ModelTensors["layers"][number]) {
  const { operatorNorm, ffnNorm, conv, attention, dense, experts } = layer;
  return [operatorNorm, ffnNorm, ...[conv, attention, dense, experts].flatMap((group) => (group ? Object.values(group) : []))];
}

class LfmEngine implements Engine {
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly maxSequences: number;
  readonly numerics: Numerics;
  readonly core: Core;
  readonly #scheduler: Scheduler;
  readonly #freeStates: number[];
  readonly #waiting: Waiter[] = [];
  readonly #busy = new Map<SequenceState, Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(core: Core, options: EngineOptions, fill: (layer: number, experts: readonly number[]) => Promise<void>) {
    this.core = core;
    this.config = core.config;
    this.contextLength = options.contextLength;
    this.maxSequences = options.maxSequences;
    this.numerics = createNumerics(core);
    this.#scheduler = new Scheduler(core, fill);
    const bytes = this.#convStateBytes;
    this.#freeStates = Array.from({ length: options.maxSequences }, (_, i) => core.buffers.convStates + i * bytes).toReversed();
  }

  get #convStateBytes(): number {
    return this.config.layers.filter((kind) => kind === "conv").length * 2 * this.config.hiddenSize * 4;
  }

  async open({ forks = 0, signal }: { forks?: number; signal?: AbortSignal } = {}): Promise<Sequence> {
    if (forks >= this.maxSequences) {
      throw new RangeError(`${forks + 1} sequences at once were asked for; the model was loaded for maxSequences = ${this.maxSequences}`);
    }
    const [convStates = 0, ...kept] = await this.#takeStates(forks + 1, signal);
    this.core.banks[0]!.bytes.fill(0, convStates, convStates + this.#convStateBytes);
    const state: SequenceState = { length: 0, pages: [], convStates, forks: kept, released: false };
    return state;
  }

  fork(sequence: Sequence): Sequence {
    const { length, pages, convStates, forks } = sequence as SequenceState;
    const copy = forks.pop();
    if (copy === undefined) throw new RangeError("open kept no place for this fork");
    this.core.banks[0]!.bytes.copyWithin(copy, convStates, convStates + this.#convStateBytes);
    const state: SequenceState = {
      length,
      pages: this.core.kv.fork(pages, length, this.core.banks),
      convStates: copy,
      forks: [],
      released: false,
    };
    return state;
  }

  advance(sequence: Sequence, ids: ArrayLike<number>, options: AdvanceOptions = {}): Promise<Float32Array> {
    const state = sequence as SequenceState;
    if (ids.length === 0) return Promise.reject(new RangeError("advance needs at least one id"));
    const total = state.length + ids.length;
    if (total > this.contextLength) {
      return Promise.reject(
        new ContextLengthError(`${total} tokens do not fit the context of ${this.contextLength}`, total, this.contextLength),
      );
    }
    const done = this.#scheduler.submit(state, ids, options);
    this.#busy.set(state, done);
    const idle = (): boolean => this.#busy.delete(state);
    done.then(idle, idle);
    return done;
  }

  release(sequence: Sequence): void {
    const state = sequence as SequenceState;
    if (state.released) return;
    state.released = true;
    const free = (): void => {
      this.core.kv.release(state.pages);
      this.#freeStates.push(state.convStates, ...state.forks);
      this.#serveWaiting();
    };
    const busy = this.#busy.get(state);
    if (busy) busy.then(free, free);
    else free();
  }

  /** Running sequences are rejected; memory goes back to the pool. */
  close(): Promise<void> {
    this.#closing ??= this.#scheduler.close(new Error("the model was closed")).then(() => releaseBanks(this.core.banks as never));
    return this.#closing;
  }

  /** Takes so many places at once, in the order of asking: nobody holds some while waiting for more. */
  #takeStates(count: number, signal?: AbortSignal): Promise<number[]> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal!.reason as Error);
        this.#serveWaiting();
      };
      const waiter: Waiter = {
        count,
        resolve(states) {
          signal?.removeEventListener("abort", giveUp); // it may live as long as the model
          resolve(states);
        },
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(waiter);
      this.#serveWaiting();
    });
  }

  #serveWaiting(): void {
    for (let next = this.#waiting[0]; next && next.count <= this.#freeStates.length; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.resolve(this.#freeStates.splice(-next.count));
    }
  }
}

interface Waiter {
  readonly count: number;
  readonly resolve: (states: number[]) => void;
}

export type { LfmEngine };

function createNumerics({ banks, buffers }: Core): Numerics {
  const { kernels, f32, memory } = banks[0]!;
  const input = buffers.numerics;
  const place = (x: Float32Array): number => {
    f32.set(x, input / 4);
    return Math.ceil((input + padRows(x.length) * 4) / 16) * 16;
  };
  return {
    softmax(x) {
      const output = place(x);
      kernels.softmax(output, input, x.length);
      return f32.slice(output / 4, output / 4 + x.length);
    },
    logSumExp(x) {
      const scratch = place(x);
      kernels.logSumExp(scratch, scratch, input, x.length);
      return new DataView(memory.buffer).getFloat64(scratch, true);
    },
  };
}
