/** From the source into the banks: whole before the first token, or experts as they are needed. */
import type { WeightSource } from "../types.ts";
import { repack, type Repacker } from "../weights/repack.ts";
import type { Core } from "./core.ts";
import type { EnginePlan } from "./plan.ts";
import type { FillExperts } from "./scheduler.ts";

export interface ReadOptions {
  readonly source: WeightSource;
  readonly preloadExperts?: boolean;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Reads and packs, piece by piece, what no other thread of the team has claimed. Pieces are about in file order. */
export async function readWeights(plan: EnginePlan, core: Core, options: ReadOptions): Promise<void> {
  const { jobs, experts } = plan;
  const { preloadExperts = true, signal } = options;
  const repacker = createRepacker(plan, core, options);
  const wanted = preloadExperts ? experts.all : [];
  for (let i = core.team.claim(); i < jobs.length + wanted.length; i = core.team.claim()) {
    const job = jobs[i];
    if (job) await repack(repacker, job, signal);
    else {
      const { layer, expert } = wanted[i - jobs.length]!;
      await experts.fill(repacker, layer, expert, signal);
    }
  }
}

export function expertReader(plan: EnginePlan, core: Core, options: ReadOptions): FillExperts {
  const repacker = createRepacker(plan, core, options);
  return async (layer, missing) => {
    for (const expert of missing) await plan.experts.fill(repacker, layer, expert);
  };
}

function createRepacker({ scratch }: EnginePlan, { banks, scratchAt }: Core, { source, onBytes }: ReadOptions): Repacker {
  return { banks, staging: { offset: scratchAt, bytes: scratch.bytes }, source, ...(onBytes && { onBytes }) };
}
