/**
 * The filters that cut a distribution's tail. Each takes the candidates that are left, in ascending order of id, and gives back those that
 * stay, in the same order; probabilities are judged as shares of what is left. The likeliest that a filter looks at always stays.
 */

export interface Candidates {
  readonly ids: Int32Array; // ascending
  readonly probabilities: Float32Array; // not normalised after a filter
}

/**
 * Locally typical sampling (Meister et al. 2023): the tokens whose surprise −ln p is nearest to the distribution's entropy, as few as reach the
 * mass. Those are the tokens whose ln p is nearest to its mean; scaled: the candidates' ln p, but for a number that is the same for all.
 */
export function keepTypical(candidates: Candidates, scaled: Float32Array, mass: number): Candidates {
  const { probabilities } = candidates;
  const total = sum(probabilities);
  let moment = 0;
  for (let i = 0; i < scaled.length; i++) if (probabilities[i]! > 0) moment += probabilities[i]! * scaled[i]!;
  return keep(candidates, nearest(probabilities, scaled, moment / total, mass * total).at);
}

/** The candidates nearest to a mean, as few as reach the target, and how far off the last of them is. */
export function nearest(probabilities: Float32Array, scaled: Float32Array, mean: number, target: number): Prefix & { farthest: number } {
  const keys = new Float32Array(scaled.length);
  for (let i = 0; i < keys.length; i++) keys[i] = Math.abs(scaled[i]! - mean);
  const { at, reached, last } = upToMass(keys, "smallest", (a, b) => keys[a]! - keys[b]! || a - b, probabilities, target);
  return { at, reached, last, farthest: keys[last]! };
}

/** Nucleus sampling: the likeliest tokens, as few as reach the mass. */
export function keepTopP(candidates: Candidates, mass: number): Candidates {
  return keep(candidates, nucleus(candidates.probabilities, mass * sum(candidates.probabilities)).at);
}

/** The likeliest, as few as reach the target: less than that is reached where all together do not. */
export function nucleus(probabilities: Float32Array, target: number): Prefix {
  return upToMass(probabilities, "largest", (a, b) => probabilities[b]! - probabilities[a]! || a - b, probabilities, target);
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

export interface Prefix {
  readonly at: Int32Array; // ascending
  readonly reached: number; // the sum of their weights
  readonly last: number; // of them in order
}

const BUCKETS = 1 << 11;
const masses = new Float64Array(BUCKETS);

/**
 * What comes first in order of keys (≥ 0), as few as reach the target with their weights. Keys are put into buckets of like size, and sorted, by
 * `order`, is only the bucket where the target is reached. Weights are added by bucket, in that one in order.
 */
function upToMass(
  keys: Float32Array,
  first: "largest" | "smallest",
  order: (a: number, b: number) => number,
  weights: Float32Array,
  target: number,
): Prefix {
  // Floats from 0 up are in the order of their bits.
  const bits = new Uint32Array(keys.buffer, keys.byteOffset, keys.length);
  const flip = first === "largest" ? 0x7fffffff : 0;
  masses.fill(0);
  for (let i = 0; i < bits.length; i++) masses[(bits[i]! ^ flip) >>> 20]! += weights[i]!;
  let bucket = 0;
  let before = 0;
  while (bucket < BUCKETS - 1 && before + masses[bucket]! < target) before += masses[bucket++]!;

  const surely: number[] = [];
  const sorted: number[] = [];
  for (let i = 0; i < bits.length; i++) {
    const own = (bits[i]! ^ flip) >>> 20;
    if (own < bucket) surely.push(i);
    else if (own === bucket) sorted.push(i);
  }
  sorted.sort(order);
  let [length, reached] = [0, before];
  while (length < sorted.length && reached < target) reached += weights[sorted[length++]!]!;
  return { at: merge(surely, sorted.slice(0, length).sort(ascending)), reached, last: sorted[length - 1] ?? -1 };
}

const ascending = (a: number, b: number): number => a - b;

/** Of two ascending lists one. */
function merge(a: readonly number[], b: readonly number[]): Int32Array {
  const both = new Int32Array(a.length + b.length);
  for (let k = 0, i = 0, j = 0; k < both.length; k++) both[k] = i < a.length && (j === b.length || a[i]! < b[j]!) ? a[i++]! : b[j++]!;
  return both;
}

export function keep({ ids, probabilities }: Candidates, at: ArrayLike<number>): Candidates {
  const kept = { ids: new Int32Array(at.length), probabilities: new Float32Array(at.length) };
  for (let i = 0; i < at.length; i++) {
    kept.ids[i] = ids[at[i]!]!;
    kept.probabilities[i] = probabilities[at[i]!]!;
  }
  return kept;
}

export function sum(values: Float32Array | Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
