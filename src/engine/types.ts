/** What the engine offers to the loop that generates: ids in, logits out. No text here. */
import type { SamplerFunctions } from "../sampling/sampler.ts";
import type { ModelConfig } from "../weights/config.ts";

/** One sequence's place in the engine: its KV pages and conv state. Opaque to callers. */
export interface Sequence {
  readonly length: number; // tokens fed so far = the next token's position
}

export interface AdvanceOptions {
  signal?: AbortSignal;
  /** Called for every row, in order, with its logits f32[vocabulary] (a view, valid during the call). Absent: only the last row's logits are computed. */
  onRow?: (index: number, logits: Float32Array) => void;
  /** The same with the final norm's f32[hiddenSize], in place of all logits: `advance` resolves with an empty array then. */
  onHidden?: (index: number, hidden: Float32Array) => void;
  /** f32[vocabulary] that takes the last row's logits, and is what advance resolves with. Absent: a new array. */
  into?: Float32Array;
}

export interface Engine {
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly maxSequences: number;
  /** A new, empty sequence, with places kept for `forks` later forks of it; waits while too many of `maxSequences` are held. */
  open(options?: { forks?: number; signal?: AbortSignal }): Promise<Sequence>;
  /**
   * Feeds `ids` (at least one) and resolves with the last row's logits f32[vocabulary], which the caller owns.
   * Calls of several sequences that are pending together are computed in one batch; the bits are those of each alone.
   * Rejects with the signal's reason within a layer of an abort; the sequence is then only good for `release`.
   */
  advance(sequence: Sequence, ids: ArrayLike<number>, options?: AdvanceOptions): Promise<Float32Array>;
  /** A second sequence with the same past, which shares its KV pages; takes one of the places that `open` kept. */
  fork(sequence: Sequence): Sequence;
  release(sequence: Sequence): void;
  readonly numerics: Numerics;
  close(): Promise<void>;
}

/** What decides tokens over a whole vocabulary, computed in wasm. */
export type Numerics = SamplerFunctions;
