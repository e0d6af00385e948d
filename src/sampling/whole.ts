/** Drawing from a whole vocabulary: by blocks, as most tokens are neither drawn nor near the edge of a nucleus. */
import { BLOCK } from "./select.ts";
import type { Candidates } from "./truncate.ts";

export interface Exponentials {
  readonly values: Float32Array; // not normalised
  readonly sums: Float64Array; // of each block
}

/** The id in whose stretch of the summed values u falls, u in [0, 1). */
export function drawFromAll({ values, sums }: Exponentials, u: number): number {
  const target = u * sumOf(sums);
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

/** A superset of the nucleus of that mass: all that is left out, be it the whole vocabulary, has less than the rest of the mass. room: for all, kept. */
export function likelyEnough({ values, sums }: Exponentials, mass: number, room: Candidates): { candidates: Candidates; total: number } {
  const total = sumOf(sums);
  const floor = ((1 - mass) * total) / values.length;
  const { ids, probabilities } = room;
  let count = 0;
  for (let b = 0; b < sums.length; b++) {
    if (sums[b]! < floor) continue;
    for (let i = b * BLOCK, end = Math.min(i + BLOCK, values.length); i < end; i++) {
      // Written in any case: a branch that nobody can predict would take longer.
      ids[count] = i;
      probabilities[count] = values[i]!;
      count += values[i]! >= floor ? 1 : 0;
    }
  }
  return { candidates: { ids: ids.subarray(0, count), probabilities: probabilities.subarray(0, count) }, total };
}

function sumOf(sums: Float64Array): number {
  let total = 0;
  for (let b = 0; b < sums.length; b++) total += sums[b]!;
  return total;
}
