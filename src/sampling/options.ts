/** SamplingOptions, checked and filled in. */
import type { SamplingOptions } from "../types.ts";

export interface Sampling {
  readonly temperature: number; // 0: the likeliest token
  readonly topK: number; // 0: off
  readonly topP: number; // 1: off
  readonly minP: number; // 0: off
  readonly typicalP: number; // 1: off
  readonly repetitionPenalty: number; // 1: off
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly logitBias: ReadonlyMap<number, number>;
  readonly seed: number;
}

const OFF = { temperature: 1, topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0 };

/**
 * What the caller says, else the model's default, else nothing is cut off. Without a seed one is drawn.
 *
 * @throws {RangeError} A value out of its range; the message names the option.
 */
export function resolveSampling(options: SamplingOptions, defaults: SamplingOptions, vocabularySize: number): Sampling {
  const pick = (name: keyof typeof OFF, range: string, holds: (value: number) => boolean): number => {
    const value = options[name] ?? defaults[name] ?? OFF[name];
    if (typeof value !== "number" || !holds(value)) throw new RangeError(`${name} must be ${range}, not ${String(value)}`);
    return value;
  };
  const seed = options.seed ?? randomSeed();
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a whole number within ±(2^53 − 1), not ${String(seed)}`);
  return {
    temperature: pick("temperature", "a finite number from 0 up", (v) => v >= 0 && v < Number.POSITIVE_INFINITY),
    topK: pick("topK", "a whole number from 0 (off) up", (v) => v >= 0 && Number.isSafeInteger(v)),
    topP: pick("topP", "above 0 and at most 1", (v) => v > 0 && v <= 1),
    minP: pick("minP", "from 0 (off) to below 1", (v) => v >= 0 && v < 1),
    typicalP: pick("typicalP", "above 0 and at most 1", (v) => v > 0 && v <= 1),
    repetitionPenalty: pick("repetitionPenalty", "a finite number above 0", (v) => v > 0 && v < Number.POSITIVE_INFINITY),
    presencePenalty: pick("presencePenalty", "from −2 to 2", (v) => v >= -2 && v <= 2),
    frequencyPenalty: pick("frequencyPenalty", "from −2 to 2", (v) => v >= -2 && v <= 2),
    logitBias: readLogitBias(options.logitBias ?? defaults.logitBias ?? {}, vocabularySize),
    seed,
  };
}

function readLogitBias(bias: Record<number, number>, vocabularySize: number): Map<number, number> {
  const entries = new Map<number, number>();
  for (const [key, value] of Object.entries(bias)) {
    const id = /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(id < vocabularySize)) throw new RangeError(`logitBias names token ${key}; the vocabulary has ${vocabularySize}`);
    if (typeof value !== "number" || Number.isNaN(value))
      throw new RangeError(`logitBias of token ${key} must be a number, not ${String(value)}`);
    entries.set(id, value);
  }
  return entries;
}

function randomSeed(): number {
  const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high % 2 ** 21) * 2 ** 32 + low;
}
