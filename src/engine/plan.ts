/** Where everything lies: made anew, and the same, by every thread of a team. */
import { BankPlan, type Bank } from "../wasm/bank.ts";
import type { Build } from "../wasm/builds.ts";
import type { ModelConfig, ModelTensors } from "../weights/config.ts";
import { ExpertStore } from "../weights/expert-store.ts";
import { planWeights, type ModelWeights, type ReadJob } from "../weights/model-weights.ts";
import { READS, stagingBytes } from "../weights/repack.ts";
import { planBuffers, planScratch, type Buffers, type Scratch } from "./buffers.ts";
import type { Core, Reader } from "./core.ts";
import { KvCache, PAGE_POSITIONS, type KvType } from "./kv-cache.ts";
import { Linear } from "./linear.ts";
import { planStep, type StepPlace } from "./step.ts";
import { Team, TEAM_BYTES } from "./team.ts";

export interface EngineShape {
  readonly config: ModelConfig;
  readonly tensors: ModelTensors;
  readonly build: Build;
  readonly contextLength: number;
  readonly maxSequences: number;
  readonly kvType: KvType;
  readonly threads?: number; // default 1
  /** Bytes of one bank at most; smaller than 4 GiB only to try what happens between banks. */
  readonly bankBytes?: number;
}

export interface EnginePlan extends EngineShape {
  readonly threads: number;
  readonly banks: BankPlan;
  readonly teamWords: number; // offset in home
  readonly step: StepPlace;
  readonly buffers: readonly Buffers[]; // of each thread
  readonly scratch: Scratch; // of a thread
  readonly staging: number; // bytes that reading takes at least
  readonly homeScratch: number; // of thread 0
  readonly weights: ModelWeights;
  readonly jobs: readonly ReadJob[];
  readonly experts: ExpertStore;
  readonly kv: KvCache;
}

export function planEngine(shape: EngineShape): EnginePlan {
  const { config, tensors, build, contextLength, maxSequences, kvType, threads = 1, bankBytes } = shape;
  const staging = READS * Math.ceil(stagingBytes(allTensors(tensors)) / 64) * 64;
  const scratch = planScratch(config, build, staging);
  const allScratch = threads * scratch.bytes + staging; // and for the caller's thread, which reads weights too
  const banks = new BankPlan(bankBytes, allScratch);
  const teamWords = banks.allocate(TEAM_BYTES, "home").offset;
  const step = planStep(banks, contextLength, maxSequences);
  const homeScratch = banks.allocate(allScratch, "home").offset;
  const buffers = planBuffers(banks, config, build, maxSequences, threads);
  const { weights, jobs } = planWeights(banks, config, tensors);
  const kv = new KvCache(banks, config, kvType, Math.ceil(contextLength / PAGE_POSITIONS) * maxSequences);
  const experts = new ExpertStore(banks, config, tensors);
  return { ...shape, threads, banks, teamWords, step, buffers, scratch, staging, homeScratch, weights, jobs, experts, kv };
}

/** The plan over banks that are made, as one thread sees it. */
export function createCore(plan: EnginePlan, banks: readonly Bank[], thread = 0): Core {
  const { config, build, weights, experts, scratch, kv } = plan;
  const reader = createReader(plan, banks, thread);
  const { team, scratchAt } = reader;
  const buffers = plan.buffers[thread]!;
  const linear = new Linear(team, banks, build, scratch, scratchAt, buffers.quantized);
  return { ...reader, config, weights, experts, buffers, scratch, kv, linear };
}

/** The caller's thread is the one behind the last. */
export function createReader(plan: EnginePlan, banks: readonly Bank[], thread = plan.threads): Reader {
  const { threads, teamWords, scratch, staging, homeScratch } = plan;
  return {
    team: new Team(thread, threads, banks[0]!, teamWords),
    banks,
    staging: thread < threads ? scratch.bytes : staging,
    scratchAt: (bank) => (bank === 0 ? homeScratch : plan.banks.scratch) + thread * scratch.bytes,
  };
}

function allTensors(tensors: ModelTensors) {
  const ofLayers = tensors.layers.flatMap(({ operatorNorm, ffnNorm, conv, attention, dense, experts }) => [
    operatorNorm,
    ffnNorm,
    ...[conv, attention, dense, experts].flatMap((group) => (group ? Object.values(group) : [])),
  ]);
  return [tensors.embedding, tensors.output, tensors.norm, ...ofLayers];
}
