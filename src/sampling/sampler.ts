/**
 * From logits to a token: penalties → bias → mask → temperature → top-k → typical → top-p → min-p → draw.
 *
 * Only sums, products and the functions passed in: JavaScript's own exp and log differ between runtimes in the last bit, and that bit
 * may decide a token.
 */
import type { Sampling } from "./options.ts";
import { uniform } from "./random.ts";
import { largest, selectLargest } from "./select.ts";
import { type Candidates, draw, keepMinP, keepTopP, keepTypical } from "./truncate.ts";

export interface SamplerFunctions {
  /** exp(x − max) / Σ, a new array. */
  softmax(x: Float32Array): Float32Array;
  /** log Σ exp(x). */
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

export interface Sampler {
  /**
   * The token for a position of the sequence. Overwrites the logits.
   *
   * @param mask Sets the logits of tokens that are not allowed here to −∞.
   * @throws {Error} No token is possible: the logits are no numbers, or the mask leaves none.
   */
  sample(logits: Float32Array, position: number, mask?: (logits: Float32Array) => void): Sampled;
  /** Counts a token of the reply for the penalties. */
  accept(id: number): void;
}

export function createSampler({ sampling, functions, choice, prompt, logprobs }: SamplerOptions): Sampler {
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias, temperature, seed } = sampling;
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

  function choose(logits: Float32Array, position: number): number {
    const best = largest(logits);
    if (best === undefined) throw new Error("the model's output allows no token: every logit is −∞ or not a number");
    if (temperature === 0 || logits[best] === Number.POSITIVE_INFINITY) return best;
    return draw(cut(logits, sampling, functions), uniform(seed, choice, position));
  }

  return {
    sample(logits, position, mask) {
      const report = logprobs === undefined ? undefined : logprobsOf(logits, logprobs, functions);
      penalise(logits);
      mask?.(logits);
      const id = choose(logits, position);
      return report ? { id, logprob: report.logprob(id), top: report.top } : { id };
    },
    accept(id) {
      seen.add(id);
      inReply.set(id, (inReply.get(id) ?? 0) + 1);
    },
  };
}

/** What is left to draw from. */
function cut(logits: Float32Array, { temperature, topK, typicalP, topP, minP }: Sampling, functions: SamplerFunctions): Candidates {
  const ids = topK > 0 && topK < logits.length ? Int32Array.from(selectLargest(logits, topK)).sort() : range(logits.length);
  const scaled = new Float32Array(ids.length);
  for (let i = 0; i < ids.length; i++) scaled[i] = logits[ids[i]!]! / temperature;
  let candidates: Candidates = { ids, probabilities: functions.softmax(scaled) };
  if (typicalP < 1) {
    const logSum = functions.logSumExp(scaled);
    candidates = keepTypical(
      candidates,
      Float64Array.from(scaled, (x) => x - logSum),
      typicalP,
    );
  }
  if (topP < 1) candidates = keepTopP(candidates, topP);
  if (minP > 0) candidates = keepMinP(candidates, minP);
  return candidates;
}

/** 0 … n − 1. Plain loops here and above: Array.from over a whole vocabulary takes milliseconds. */
function range(n: number): Int32Array {
  const ids = new Int32Array(n);
  for (let i = 0; i < n; i++) ids[i] = i;
  return ids;
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
