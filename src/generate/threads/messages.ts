/** What the caller's thread and the model's threads tell each other. */
import type { ModelInfo, Stats } from "../../types.ts";
import type { ModelParts, TextParts } from "../open-model.ts";
import type { WireError } from "./wire-error.ts";

/** What a thread begins with. */
export interface ThreadData {
  readonly thread: number; // 0 leads
  readonly memories: readonly WebAssembly.Memory[];
  readonly loaded: boolean; // the weights are in the memories already
  /** What every thread can open by itself; undefined: the caller's thread reads, for the leader alone. */
  readonly input: string | undefined;
  readonly parts: ModelParts;
}

export type CallMethod = "chat" | "chatStream" | "complete" | "completeStream" | "evaluate" | "embed" | "countTokens";

/** What the leader answers to "embed". */
export interface Embedded {
  readonly vectors: Float32Array[];
  readonly tokens: number;
}

export type ToFollower = { type: "begin"; data: ThreadData };

export type ToLeader =
  | { type: "text"; parts: TextParts } // before it begins: what it can make already
  | ToFollower
  | { type: "call"; call: number; method: CallMethod; input: unknown; options: object; aborted: boolean }
  | { type: "abort"; call: number }
  | { type: "read"; read: number; error?: WireError } // it is done
  | { type: "close" };

export type FromLeader =
  | { type: "ready"; info: ModelInfo; stats: Stats }
  | { type: "bytes"; bytes: number } // read, or read and packed, since the last of these
  | { type: "read"; read: number; shard: string; offset: number; target: Uint8Array } // the target is shared
  | { type: "part"; call: number; part: unknown }
  | { type: "end"; call: number; value?: unknown; stats: Stats }
  | { type: "error"; call?: number; error: WireError } // without a call: the model cannot be loaded
  | { type: "closed" };

/** Another thread than the leader: it cannot read the weights, or counts what it read. */
export type FromFollower = Extract<FromLeader, { type: "bytes" } | { type: "error" }>;
