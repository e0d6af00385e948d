/** What a forward pass works on: a loaded model's weights, buffers and caches, as one thread sees them. */
import type { Bank } from "../wasm/bank.ts";
import type { ModelConfig } from "../weights/config.ts";
import type { ExpertStore } from "../weights/expert-store.ts";
import type { ModelWeights } from "../weights/model-weights.ts";
import type { Buffers, Scratch } from "./buffers.ts";
import type { KvCache } from "./kv-cache.ts";
import type { Linear } from "./linear.ts";
import type { Team } from "./team.ts";

/** What reading weights takes of it. */
export interface Reader {
  readonly team: Team;
  readonly banks: readonly Bank[];
  readonly scratchAt: (bank: number) => number;
  readonly staging: number; // bytes of scratch that file bytes may take
}

export interface Core extends Reader {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly experts: ExpertStore;
  readonly buffers: Buffers;
  readonly scratch: Scratch;
  readonly kv: KvCache;
  readonly linear: Linear;
}

/** A sequence's past. The model itself has no state. */
export interface SequenceState {
  length: number; // tokens fed = the next position
  readonly pages: number[]; // page table of the KV cache
  readonly convStates: number; // offset in home, [nConv][2][hidden]
  readonly forks: number[]; // conv states kept for forks
  released: boolean;
}

/** Consecutive rows of one sequence in a batch. */
export interface Run {
  readonly sequence: Pick<SequenceState, "pages" | "convStates">;
  readonly row: number; // the first row in the batch
  readonly position: number; // of that row
  readonly count: number;
}

/** One token of one sequence at one position is a row. */
export interface Batch {
  readonly tokens: Int32Array; // [nRows]
  readonly positions: Int32Array; // [nRows]
  readonly runs: readonly Run[];
}

/** Where a forward pass can be left, or waited in. */
export interface Pause {
  readonly layer: number; // that begins, or wants experts
  readonly experts: readonly number[]; // to be filled before going on; empty: nothing is missing
}

/** Inside a layer: others may have their turn. */
export const TURN: Pause = { layer: -1, experts: [] };
