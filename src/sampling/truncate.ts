/**
 * The filters that cut a distribution's tail. Each takes the candidates that are left, in ascending order of id, and gives back those that
 * stay, in the same order; probabilities are judged as shares of what is left. The likeliest that a filter looks at always stays.
 */

export interface Candidates {
  readonly ids: Int32Array; // ascending
  readonly probabilities: Float32Array; // not normalised after a filter
}

/**
 * Locally typical sampling (Meister et al. 2023): the tokens whose surprise −ln p is nearest to the distribution's entropy, as many as it
 * takes to reach the mass. `logProbabilities` belong to the candidates one by one.
 */
export function keepTypical(candidates: Candidates, logProbabilities: Float64Array, mass: number): Candidates {
  const { probabilities } = candidates;
  const total = sum(probabilities);
  let entropy = 0;
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i]! > 0) entropy -= (probabilities[i]! / total) * logProbabilities[i]!;
  const oddness = logProbabilities.map((logp) => Math.abs(-logp - entropy));
  const order = [...probabilities.keys()].filter((i) => probabilities[i]! > 0).sort((a, b) => oddness[a]! - oddness[b]! || a - b);
  return keep(candidates, prefix(order, probabilities, mass * total));
}

/** Nucleus sampling: the likeliest tokens, as few as reach the mass. total: with what was left out because it lies below the nucleus. */
export function keepTopP(candidates: Candidates, mass: number, total = sum(candidates.probabilities)): Candidates {
  const { probabilities } = candidates;
  const target = mass * total;
  // Sorted are only those in whose bucket of like size the mass is reached: floats from 0 up are in the order of their bits.
  const bits = new Uint32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  const buckets = new Float64Array(1 << 12);
  for (let i = 0; i < bits.length; i++) buckets[bits[i]! >>> 20]! += probabilities[i]!;
  let bucket = buckets.length - 1;
  let reached = 0;
  while (bucket > 0 && reached + buckets[bucket]! < target) reached += buckets[bucket--]!;
  const kept: number[] = [];
  const order: number[] = [];
  for (let i = 0; i < bits.length; i++) {
    const own = bits[i]! >>> 20;
    if (own > bucket) kept.push(i);
    else if (own === bucket) order.push(i);
  }
  order.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  for (const i of order) {
    if (kept.length > 0 && reached >= target) break;
    kept.push(i);
    reached += probabilities[i]!;
  }
  return keep(
    candidates,
    kept.sort((a, b) => a - b),
  );
}

/** The tokens that are at least `share` times as likely as the likeliest. */
export function keepMinP(candidates: Candidates, share: number): Candidates {
  const { probabilities } = candidates;
  let likeliest = 0;
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i]! > likeliest) likeliest = probabilities[i]!;
  const threshold = share * likeliest;
  const kept: number[] = [];
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i]! >= threshold) kept.push(i);
  return keep(candidates, kept);
}

/** The candidate in whose stretch of the summed probabilities u falls, u in [0, 1). */
export function draw({ ids, probabilities }: Candidates, u: number): number {
  const target = u * sum(probabilities);
  let reached = 0;
  let last = -1;
  for (let i = 0; i < ids.length; i++) {
    if (!(probabilities[i]! > 0)) continue;
    reached += probabilities[i]!;
    last = i;
    if (target < reached) break;
  }
  if (last < 0) throw new Error("no token has a probability above zero");
  return ids[last]!;
}

/** How far into `order` it takes for the probabilities to reach the mass: at least one. */
function prefix(order: number[], probabilities: Float32Array, mass: number): number[] {
  let reached = 0;
  let length = 0;
  while (length < order.length && (length === 0 || reached < mass)) reached += probabilities[order[length++]!]!;
  return order.slice(0, length).sort((a, b) => a - b);
}

function keep({ ids, probabilities }: Candidates, at: number[]): Candidates {
  const kept = { ids: new Int32Array(at.length), probabilities: new Float32Array(at.length) };
  for (let i = 0; i < at.length; i++) {
    kept.ids[i] = ids[at[i]!]!;
    kept.probabilities[i] = probabilities[at[i]!]!;
  }
  return kept;
}

function sum(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
