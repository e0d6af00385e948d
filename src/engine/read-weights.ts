/** From the source into the banks: whole before the first token, or experts as they are needed. */
import type { WeightSource } from "../types.ts";
import { READS, repack, WAITED_BYTES, type Repacker } from "../weights/repack.ts";
import type { Reader } from "./core.ts";
import type { EnginePlan } from "./plan.ts";
import type { FillExperts } from "./scheduler.ts";

export interface ReadOptions {
  readonly source: WeightSource;
  readonly preloadExperts?: boolean;
  /**
   * This thread may wait for what it reads, if the source can be read so: without the runtime's own threads in between, an 8B that the page
   * cache holds is loaded in 0.93 of the time (bench/RESULTS.md, "loading").
   */
  readonly waits?: boolean;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Reads and packs, piece by piece, what no other thread of the team has claimed. Pieces are about in file order. */
export async function readWeights(plan: EnginePlan, reader: Reader, options: ReadOptions): Promise<void> {
  const { jobs, experts } = plan;
  const { preloadExperts = true } = options;
  const wanted = preloadExperts ? experts.all : [];
  const failure = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
  const work = async (index: number): Promise<void> => {
    const repacker = createRepacker(reader, options, index);
    try {
      for (let i = reader.team.claim(); i < jobs.length + wanted.length; i = reader.team.claim()) {
        signal.throwIfAborted();
        const job = jobs[i];
        if (job) await repack(repacker, job, signal);
        else {
          const { layer, expert } = wanted[i - jobs.length]!;
          await experts.fill(repacker, layer, expert, signal);
        }
      }
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  };
  // Nothing may be written once this has ended: the memory is given back then.
  const ended = await Promise.allSettled(Array.from({ length: canWait(options) ? 1 : READS }, (_, index) => work(index)));
  for (const result of ended) if (result.status === "rejected") throw result.reason;
}

export function expertReader(plan: EnginePlan, reader: Reader, options: ReadOptions): FillExperts {
  const repacker = createRepacker(reader, options, 0);
  return async (layer, missing) => {
    for (const expert of missing) await plan.experts.fill(repacker, layer, expert);
  };
}

/** index: of the pieces that are under way. */
function createRepacker({ banks, scratchAt, staging }: Reader, options: ReadOptions, index: number): Repacker {
  const { source, onBytes } = options;
  const room = Math.floor(staging / READS / 64) * 64;
  const wait = canWait(options);
  return {
    banks,
    staging: { offset: (bank) => scratchAt(bank) + index * room, bytes: wait ? Math.min(room, WAITED_BYTES) : room },
    source: wait ? waited(source) : source,
    ...(onBytes && { onBytes }),
  };
}

function canWait({ waits, source }: ReadOptions): boolean {
  return waits === true && source.readSync !== undefined;
}

function waited(source: WeightSource): WeightSource {
  return {
    name: source.name,
    size: (...of) => source.size(...of),
    read: async (shard, offset, target, signal) => {
      signal?.throwIfAborted();
      source.readSync!(shard, offset, target);
    },
    close: () => source.close(),
  };
}
