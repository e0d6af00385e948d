/**
 * From logits to a token: penalties → bias → mask → temperature → top-k → typical → top-p → min-p → draw.
 *
 * Only sums, products and the functions passed in: JavaScript's own exp and log differ between runtimes in the last bit, and that bit
 * may decide a token.
 */
import type { Sampling } from "./options.ts";
import { uniform } from "./random.ts";
import { BLOCK, floorOfLargest, largest, selectLargest } from "./select.ts";
import { type Candidates, draw, keepMinP, keepTopP, keepTypical } from "./truncate.ts";
import { drawFromAll, type Exponentials, nucleusOfAll, typicalOfAll } from "./whole.ts";

/** Over a whole vocabulary: transcendental functions, of which JavaScript's differ between runtimes in the last bit, and a quick search. */
export interface SamplerFunctions {
  /** x becomes exp(x − max) / Σ; what is more than 87 below the largest becomes 0. */
  softmax(x: Float32Array): void;
  /** The largest of each 64 values, NaN left out, −∞ where there is none: a view, valid until the next call of these functions. */
  maxima(x: Float32Array): Float32Array;
  /**
   * Of the x whose maxima were just asked for: exp((x − max) / temperature), 0 for NaN and what is more than 87 below, and the sum of each 64
   * values. Views, valid until the next call of these functions. No x is above max.
   */
  exponentials(max: number, temperature: number): Exponentials;
  /** log Σ exp(x), so that a log-probability is x − logSumExp(x). */
  logSumExp(x: Float32Array): number;
}

export interface SamplerOptions {
  readonly sampling: Sampling;
  readonly functions: SamplerFunctions;
  readonly choice: number; // which of n replies
  readonly prompt: ArrayLike<number>; // the repetition penalty looks at it too
  readonly logprobs?: number; // alternatives to report with each token; absent: no log-probabilities
}

export interface Sampled {
  readonly id: number;
  /** Of the model's own distribution, before penalties, temperature and cuts. */
  readonly logprob?: number;
  readonly top?: readonly { readonly id: number; readonly logprob: number }[]; // likeliest first, a tie to the lower id
}

/** Which tokens may come. */
export interface TokenFilter {
  allows(id: number): boolean;
  /** Sets the logits of all others to −∞. */
  apply(logits: Float32Array): void;
}

export interface Sampler {
  /**
   * The token for a position of the sequence. Overwrites the logits.
   *
   * @throws {Error} No token is possible: the logits are no numbers. @throws {RangeError} logitBias bars all that the filter leaves.
   */
  sample(logits: Float32Array, position: number, filter?: TokenFilter): Sampled;
  /** Counts a token of the reply for the penalties. */
  accept(id: number): void;
}

export function createSampler({ sampling, functions, choice, prompt, logprobs }: SamplerOptions): Sampler {
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias, temperature, seed } = sampling;
  const room = new Room();
  const inReply = new Map<number, number>();
  const seen = new Set<number>();
  if (repetitionPenalty !== 1) for (let i = 0; i < prompt.length; i++) seen.add(prompt[i]!);

  function penalise(logits: Float32Array): void {
    if (repetitionPenalty !== 1) {
      for (const id of seen) logits[id] = logits[id]! > 0 ? logits[id]! / repetitionPenalty : logits[id]! * repetitionPenalty;
    }
    if (presencePenalty !== 0 || frequencyPenalty !== 0) {
      for (const [id, count] of inReply) logits[id]! -= presencePenalty + count * frequencyPenalty;
    }
    for (const [id, bias] of logitBias) logits[id]! += bias;
  }

  function choose(logits: Float32Array, position: number, filter: TokenFilter | undefined): number {
    if (filter && temperature > 0) filter.apply(logits);
    let maxima = functions.maxima(logits);
    let best = largest(logits, maxima);
    // The likeliest of all, if allowed, is the likeliest of those that are: no mask is needed for it.
    if (filter && temperature === 0 && best !== undefined && !filter.allows(best)) {
      filter.apply(logits);
      maxima = functions.maxima(logits);
      best = largest(logits, maxima);
    }
    if (best === undefined && logitBias.size > 0) throw new RangeError("logitBias leaves no token that may be said");
    if (best === undefined) throw new Error("the model's output allows no token: every logit is −∞ or not a number");
    // Also where the temperature is so close to 0 that f32 cannot hold it, or the quotient.
    if (Math.fround(temperature) === 0 || !Number.isFinite(Math.fround(logits[best]! / Math.fround(temperature)))) return best;
    const u = uniform(seed, choice, position);
    const { topK, typicalP, topP, minP } = sampling;
    if ((topK > 0 && topK < logits.length) || (typicalP === 1 && topP === 1 && minP > 0))
      return draw(cut(logits, best, maxima, sampling, functions, room), u);
    const all = functions.exponentials(logits[best]!, temperature);
    if (typicalP === 1 && topP === 1) return drawFromAll(all, u);
    if (typicalP === 1) return draw(furtherCut(nucleusOfAll(all, topP), { topP: 1, minP }), u);
    const [divisor, shift] = [Math.fround(temperature), Math.fround(logits[best]! / Math.fround(temperature))];
    const typical = typicalOfAll(all, (id) => Math.fround(logits[id]! / divisor) - shift, typicalP);
    return draw(furtherCut(typical, sampling), u);
  }

  return {
    sample(logits, position, filter) {
      const report = logprobs === undefined ? undefined : logprobsOf(logits, logprobs, functions);
      penalise(logits);
      const id = choose(logits, position, filter);
      return report ? { id, logprob: report.logprob(id), top: report.top } : { id };
    },
    accept(id) {
      seen.add(id);
      inReply.set(id, (inReply.get(id) ?? 0) + 1);
    },
  };
}

/** Room for a whole vocabulary, used for every token. */
class Room {
  #ids = new Int32Array();
  #scaled = new Float32Array();

  /** The logits from floor up, divided by the temperature, in ascending order of id. NaN and −∞ are left out. */
  above(floor: number, logits: Float32Array, maxima: Float32Array, temperature: number): Scaled {
    if (this.#ids.length < logits.length) {
      this.#ids = new Int32Array(logits.length);
      this.#scaled = new Float32Array(logits.length);
    }
    const [ids, scaled] = [this.#ids, this.#scaled];
    let count = 0;
    for (let b = 0; b < maxima.length; b++) {
      if (!(maxima[b]! >= floor)) continue;
      for (let i = b * BLOCK, end = Math.min(i + BLOCK, logits.length); i < end; i++) {
        const logit = logits[i]!;
        if (!(logit >= floor) || logit === Number.NEGATIVE_INFINITY) continue;
        ids[count] = i;
        scaled[count++] = logit / temperature;
      }
    }
    return { ids: ids.subarray(0, count), scaled: scaled.subarray(0, count) };
  }
}

interface Scaled {
  readonly ids: Int32Array; // ascending
  readonly scaled: Float32Array; // their logits, divided by the temperature
}

/** What is left to draw from, where top-k comes first or min-p decides alone. */
function cut(
  logits: Float32Array,
  best: number,
  maxima: Float32Array,
  sampling: Sampling,
  functions: SamplerFunctions,
  room: Room,
): Candidates {
  const { temperature, topK, typicalP, minP } = sampling;
  const first = topK > 0 && topK < logits.length;
  const floor = first ? floorOfLargest(maxima, topK) : logits[best]! - temperature * reach(minP);
  const above = room.above(floor, logits, maxima, temperature);
  const { ids, scaled } = first ? likeliest(above, topK) : above;
  const logarithms = typicalP < 1 ? scaled.slice() : scaled;
  functions.softmax(scaled);
  const candidates = { ids, probabilities: scaled };
  return furtherCut(typicalP < 1 ? keepTypical(candidates, logarithms, typicalP) : candidates, sampling);
}

/**
 * How far below the largest, after the temperature, a token is surely too unlikely for min-p. What JavaScript's logarithm may differ by is far
 * within the margin.
 */
const reach = (minP: number): number => Math.min(88, 0.01 - Math.log(minP));

function furtherCut(candidates: Candidates, { topP, minP }: Pick<Sampling, "topP" | "minP">): Candidates {
  const nucleus = topP < 1 ? keepTopP(candidates, topP) : candidates;
  return minP > 0 ? keepMinP(nucleus, minP) : nucleus;
}

/** The k likeliest of those above. */
function likeliest({ ids, scaled }: Scaled, k: number): Scaled {
  const at = Int32Array.from(selectLargest(scaled, k)).sort();
  return { ids: at.map((i) => ids[i]!), scaled: Float32Array.from(at, (i) => scaled[i]!) };
}

function logprobsOf(
  logits: Float32Array,
  count: number,
  functions: SamplerFunctions,
): Required<Pick<Sampled, "top">> & { logprob(id: number): number } {
  const logSum = functions.logSumExp(logits);
  const raw = logits.slice();
  return { logprob: (id) => raw[id]! - logSum, top: selectLargest(raw, count).map((id) => ({ id, logprob: raw[id]! - logSum })) };
}
