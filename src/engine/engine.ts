/** A loaded model: plans its memory, reads its weights, and gives out sequences. */
import { ContextLengthError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import { openBanks, releaseMemories } from "../wasm/bank.ts";
import type { KernelModule } from "../wasm/builds.ts";
import type { ModelConfig } from "../weights/config.ts";
import type { Core, SequenceState } from "./core.ts";
import { createCore, createReader, planEngine, type EnginePlan, type EngineShape } from "./plan.ts";
import { expertReader, readWeights, type ReadOptions } from "./read-weights.ts";
import { Scheduler, type FillExperts } from "./scheduler.ts";
import { follow, StepWriter } from "./step.ts";
import { resetTeam } from "./team.ts";
import { createNumerics } from "./numerics.ts";
import type { AdvanceOptions, Engine, Numerics, Sequence } from "./types.ts";

export interface EngineOptions extends Omit<EngineShape, "build"> {
  readonly source: WeightSource;
  readonly kernels: KernelModule;
  /** False: experts are read when a token first needs them. Default true. */
  readonly preloadExperts?: boolean;
  /** Rows of a forward pass that the leader computes alone. Default 0: every thread has a part in all. */
  readonly aloneRows?: number;
  /** Banks that are made already: this is the first of several threads over them. */
  readonly memories?: readonly WebAssembly.Memory[];
  /** The weights are in the memories already. */
  readonly loaded?: boolean;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Plans, reads and packs. @throws WeightsError, OutOfMemoryError, TeamError, the signal's reason */
export async function createEngine(options: EngineOptions): Promise<LfmEngine> {
  const { config, kernels, memories } = options;
  const plan = planEngine({ ...options, build: kernels.build });
  const own = memories ? [] : plan.banks.createMemories();
  try {
    const core = createCore(plan, openBanks(kernels.module, memories ?? own));
    if (!memories) resetTeam(core.banks[0]!.i32, plan.teamWords);
    const steps = new StepWriter(core, plan.step, options.aloneRows ?? 0);
    if (options.loaded) plan.experts.markComplete();
    else {
      await readWeights(plan, core, { ...options, waits: memories !== undefined }); // a team's thread waits at barriers anyway
      core.team.barrier();
      if (options.preloadExperts !== false) plan.experts.markComplete();
    }
    core.banks[0]!.kernels.ropeFrequencies(core.buffers.ropeFrequencies, config.headDim / 2, config.ropeTheta);
    return new LfmEngine(core, steps, options, expertReader(plan, core, options), own);
  } catch (error) {
    releaseMemories(own);
    throw error;
  }
}

export type JoinOptions = Omit<EngineShape, "build"> &
  Pick<EngineOptions, "kernels" | "loaded" | "onBytes"> & {
    readonly memories: readonly WebAssembly.Memory[];
    readonly thread: number; // from 1 up
    /** Absent: this thread reads no weights. */
    readonly source?: WeightSource;
  };

/** Works for the engine that another thread created over the same memories, until it is closed. @throws TeamError, WeightsError */
export async function joinEngine(options: JoinOptions): Promise<void> {
  const { kernels, memories, thread, source, loaded } = options;
  const plan = planEngine({ ...options, build: kernels.build });
  const core = createCore(plan, openBanks(kernels.module, memories), thread);
  plan.experts.markComplete();
  if (!loaded) {
    if (source) await readWeights(plan, core, { ...options, source, waits: true }); // while the leader may have the text's tables to make
    core.team.barrier();
  }
  follow(core, plan.step);
}

export type HelpOptions = ReadOptions & { readonly kernels: KernelModule; readonly memories: readonly WebAssembly.Memory[] };

/** The caller's part: reads weights beside the threads that it started, from before they are there. */
export function helpReading(plan: EnginePlan, { kernels, memories, ...options }: HelpOptions): Promise<void> {
  return readWeights(plan, createReader(plan, openBanks(kernels.module, memories)), options);
}

class LfmEngine implements Engine {
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly maxSequences: number;
  readonly numerics: Numerics;
  readonly core: Core;
  readonly #steps: StepWriter;
  readonly #scheduler: Scheduler;
  readonly #memories: WebAssembly.Memory[]; // that this engine made
  readonly #freeStates: number[];
  readonly #waiting: Waiter[] = [];
  readonly #busy = new Map<SequenceState, Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(core: Core, steps: StepWriter, options: EngineOptions, fill: FillExperts, memories: WebAssembly.Memory[]) {
    this.core = core;
    this.#steps = steps;
    this.#memories = memories;
    this.config = core.config;
    this.contextLength = options.contextLength;
    this.maxSequences = options.maxSequences;
    this.numerics = createNumerics(core.banks[0]!, core.buffers.numerics);
    this.#scheduler = new Scheduler(core, steps, fill);
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

  /** Running sequences are rejected, other threads let go; memory goes back to the pool. */
  close(): Promise<void> {
    this.#closing ??= this.#scheduler.close(new Error("the model was closed")).then(() => {
      this.#steps.end();
      releaseMemories(this.#memories);
    });
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
