/** Drawing from a whole vocabulary: by blocks, as most tokens are neither drawn nor near the edge of a nucleus. */
import { BLOCK } from "./select.ts";
import { type Candidates, keep, nearest, nucleus, sum } from "./truncate.ts";

export interface Exponentials {
  readonly values: Float32Array; // not normalised
  readonly sums: Float64Array; // of each block
  /** Σ value · ln value, but that a value's logarithm is (x − max) / temperature itself. */
  moment(): number;
  /** Those from floor (≥ 0) up: views, valid until the next call. */
  from(floor: number): Candidates;
}

/** The id in whose stretch of the summed values u falls, u in [0, 1). */
export function drawFromAll({ values, sums }: Exponentials, u: number): number {
  const target = u * sum(sums);
  let reached = 0;
  let block = -1;
  for (let b = 0; b < sums.length; b++) {
    if (!(sums[b]! > 0)) continue;
    if (block >= 0) reached += sums[block]!;
    block = b;
    if (target < reached + sums[b]!) break;
  }
  let last = -1;
  for (let i = block * BLOCK, end = Math.min(i + BLOCK, values.length); i < end; i++) {
    if (!(values[i]! > 0)) continue;
    reached += values[i]!;
    last = i;
    if (target < reached) break;
  }
  return last;
}

/** As a rule, tokens that have so much of all the mass reach a nucleus' share of it. */
const FAIR_SHARE = 2 ** -14;

/** Nucleus sampling: the likeliest tokens, as few as reach the mass. */
export function nucleusOfAll(all: Exponentials, mass: number): Candidates {
  const total = sum(all.sums);
  const target = mass * total;
  // All that is below, be it the whole vocabulary, has less than the rest of the mass.
  const lowest = ((1 - mass) * total) / all.values.length;
  let floor = Math.max(lowest, FAIR_SHARE * total);
  for (;;) {
    const candidates = all.from(floor);
    const { at, reached } = nucleus(candidates.probabilities, target);
    if (reached >= target || floor === lowest) return keep(candidates, at);
    floor = lowest;
  }
}

/** Where tokens of a fair share are not enough for typical sampling. */
const SMALL_SHARE = 2 ** -20;

/** More than a value's logarithm is off by. */
const MARGIN = 1e-3;

/** Typical sampling as keepTypical does it. logarithm: of a value that is not 0, as moment() takes it. */
export function typicalOfAll(all: Exponentials, logarithm: (id: number) => number, mass: number): Candidates {
  const total = sum(all.sums);
  const target = mass * total;
  const mean = all.moment() / total;
  let share = FAIR_SHARE;
  for (;;) {
    const floor = Math.max(share * total, Number.MIN_VALUE);
    const candidates = all.from(floor);
    const logarithms = new Float32Array(candidates.ids.length);
    for (let i = 0; i < logarithms.length; i++) logarithms[i] = logarithm(candidates.ids[i]!);
    const { at, reached, farthest } = nearest(candidates.probabilities, logarithms, mean, target);
    // What is below the floor is farther off than these.
    if (share === 0 || (reached >= target && farthest < mean - Math.log(floor) - MARGIN)) return keep(candidates, at);
    share = share === FAIR_SHARE ? SMALL_SHARE : 0;
  }
}
