/** Who computes when: pending sequences become batches of rows, a step at a time, between which the event loop runs. */
import type { Batch, Core, Pause, Run, SequenceState } from "./core.ts";
import { LOGIT_ROWS, MAX_ROWS, MIXED_ROWS } from "./buffers.ts";
import { forward, hiddenOf, logitsOf } from "./forward.ts";
import type { StepWriter } from "./step.ts";
import { macrotask } from "./macrotask.ts";
import { padRows } from "../wasm/formats.ts";
import type { AdvanceOptions } from "./types.ts";

/** The event loop gets a turn at least this often, ms, where a layer is shorter than that. */
const TURN_MS = 20;

interface Request {
  readonly sequence: SequenceState;
  readonly ids: ArrayLike<number>;
  readonly options: AdvanceOptions;
  next: number; // index of the first id that is not computed yet
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (reason: unknown) => void;
}

export type FillExperts = (layer: number, experts: readonly number[]) => Promise<void>;

export class Scheduler {
  readonly #core: Core;
  readonly #steps: StepWriter;
  readonly #fill: FillExperts;
  readonly #pending: Request[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(core: Core, steps: StepWriter, fill: FillExperts) {
    this.#core = core;
    this.#steps = steps;
    this.#fill = fill;
  }

  /** Feeds ids to a sequence; see Engine.advance. */
  submit(sequence: SequenceState, ids: ArrayLike<number>, options: AdvanceOptions): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("the model is closed");
      options.signal?.throwIfAborted();
      this.#pending.push({ sequence, ids, options, next: 0, resolve, reject });
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    });
  }

  /** Resolves when no step is under way; what is pending is rejected. */
  async close(reason: unknown): Promise<void> {
    this.#closed = true;
    for (const request of this.#pending) request.reject(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    await macrotask(); // so that calls made together are batched together
    while (this.#pending.length > 0 && !this.#closed) {
      await this.#step();
      await macrotask();
    }
    this.#pending.length = 0;
  }

  /** One batch: every sequence that wants one token, then prompts, up to MAX_ROWS rows. */
  async #step(): Promise<void> {
    this.#dropAborted();
    const chosen = this.#choose();
    if (chosen.length === 0) return;
    try {
      const batch = this.#batch(chosen);
      this.#steps.forward(batch);
      if (!(await this.#drive(forward(this.#core, batch), chosen))) return;
      for (const [i, { request, count }] of chosen.entries()) {
        request.sequence.length += count;
        this.#deliver(request, batch.runs[i]!);
      }
    } catch (error) {
      for (const { request } of chosen) this.#settle(request, () => request.reject(error));
    }
  }

  /** Decodes before prompts, in the order of arrival; of prompts less beside decodes. */
  #choose(): { request: Request; count: number }[] {
    const left = (request: Request): number => request.ids.length - request.next;
    const decodes = this.#pending.filter((request) => left(request) === 1).slice(0, MAX_ROWS);
    const prompts = this.#pending.filter((request) => left(request) > 1);
    const chosen = decodes.map((request) => ({ request, count: 1 }));
    let room = decodes.length === 0 ? MAX_ROWS : Math.min(MIXED_ROWS, MAX_ROWS - decodes.length);
    for (const request of prompts) {
      const count = Math.min(left(request), room);
      if (count === 0) break;
      chosen.push({ request, count });
      room -= count;
    }
    return chosen;
  }

  #batch(chosen: { request: Request; count: number }[]): Batch {
    const nRows = chosen.reduce((sum, { count }) => sum + count, 0);
    const tokens = new Int32Array(nRows);
    const positions = new Int32Array(nRows);
    const runs: Run[] = [];
    let row = 0;
    for (const { request, count } of chosen) {
      const { sequence, ids, next } = request;
      const position = sequence.length;
      this.#core.kv.cover(sequence.pages, position + count);
      runs.push({ sequence, row, position, count });
      for (let i = 0; i < count; i++, row++) {
        tokens[row] = ids[next + i]!;
        positions[row] = position + i;
      }
    }
    return { tokens, positions, runs };
  }

  /** Runs a forward pass through its pauses. False: nobody wants its result any more. */
  async #drive(pass: Generator<Pause, void, void>, chosen: { request: Request }[]): Promise<boolean> {
    let turn = performance.now();
    for (const { layer, experts } of pass) {
      if (experts.length > 0) await this.#fill(layer, experts);
      if (performance.now() - turn < TURN_MS) continue;
      await macrotask();
      turn = performance.now();
      if (this.#closed || chosen.every(({ request }) => request.options.signal?.aborted)) {
        this.#core.team.giveUp();
        this.#dropAborted();
        return false;
      }
    }
    return true;
  }

  /** Hands out the logits of a request's rows that were computed, and the request itself when it is done. */
  #deliver(request: Request, { row, count }: Run): void {
    const { signal, onRow, onHidden, into } = request.options;
    if (signal?.aborted) return this.#settle(request, () => request.reject(signal.reason));
    const first = request.next;
    request.next += count;
    const done = request.next === request.ids.length;
    if (onHidden) {
      for (let i = 0; i < count; i++) onHidden(first + i, hiddenOf(this.#core, row + i));
      if (done) this.#settle(request, () => request.resolve(new Float32Array()));
      return;
    }
    if (onRow)
      for (let i = 0; i < count; i += LOGIT_ROWS)
        this.#eachRow(row + i, Math.min(LOGIT_ROWS, count - i), (r, logits) => onRow(first + i + r, logits));
    if (!done) return;
    const last = into ?? new Float32Array(this.#core.config.vocabularySize);
    this.#eachRow(row + count - 1, 1, (_, logits) => last.set(logits));
    this.#settle(request, () => request.resolve(last));
  }

  #eachRow(row: number, count: number, visit: (index: number, logits: Float32Array) => void): void {
    const { buffers, banks, config, weights } = this.#core;
    const rows = Array.from({ length: count }, (_, i) => row + i);
    this.#steps.logits(rows);
    logitsOf(this.#core, rows);
    const stride = padRows(weights.output.rows);
    for (let r = 0; r < count; r++) {
      const start = buffers.logits / 4 + r * stride;
      visit(r, banks[0]!.f32.subarray(start, start + config.vocabularySize));
    }
  }

  #dropAborted(): void {
    for (const request of this.#pending.slice()) {
      const { signal } = request.options;
      if (signal?.aborted) this.#settle(request, () => request.reject(signal.reason));
    }
  }

  #settle(request: Request, how: () => void): void {
    const at = this.#pending.indexOf(request);
    if (at >= 0) this.#pending.splice(at, 1);
    how();
  }
}
