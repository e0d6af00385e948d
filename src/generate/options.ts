/** GenerateOptions, checked and filled in; options that this version does not have are refused by name. */
import { UnsupportedError } from "../errors.ts";
import { resolveSampling, type Sampling } from "../sampling/options.ts";
import type { ChatOptions, CompleteOptions, GenerateOptions, SamplingOptions } from "../types.ts";

export const MAX_STOP_STRINGS = 64;
export const MAX_STOP_LENGTH = 4096; // UTF-16 units
export const MAX_LOGPROBS = 100;

export interface Generation {
  readonly sampling: Sampling;
  readonly maxTokens: number; // of the reply; Infinity: to the end of the context
  readonly maxThinkingTokens: number; // Infinity: as many as it takes
  readonly minTokens: number;
  readonly stop: readonly string[];
  readonly stopTokenIds: readonly number[];
  readonly ignoreEos: boolean;
  readonly n: number;
  readonly logprobs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws {RangeError} A value out of its range; the message names the option. */
export function resolveGeneration(
  options: GenerateOptions,
  defaults: SamplingOptions,
  vocabularySize: number,
  maxSequences: number,
): Generation {
  const whole = (
    name: "maxTokens" | "maxThinkingTokens" | "minTokens" | "n" | "logprobs",
    min: number,
    max: number,
  ): number | undefined => {
    const value = options[name];
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new RangeError(
        `${name} must be a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : " up"}, not ${String(value)}`,
      );
    }
    return value;
  };
  const n = whole("n", 1, Number.MAX_SAFE_INTEGER) ?? 1;
  if (n > maxSequences) throw new RangeError(`n must be at most ${maxSequences}, the maxSequences the model was loaded for, not ${n}`);
  const stopTokenIds = options.stopTokenIds ?? [];
  for (const id of stopTokenIds) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabularySize)
      throw new RangeError(`stopTokenIds names token ${String(id)}; the vocabulary has ${vocabularySize}`);
  }
  return {
    sampling: resolveSampling(options, defaults, vocabularySize),
    maxTokens: whole("maxTokens", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    maxThinkingTokens: whole("maxThinkingTokens", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    minTokens: whole("minTokens", 0, Number.MAX_SAFE_INTEGER) ?? 0,
    stop: readStop(options.stop),
    stopTokenIds,
    ignoreEos: options.ignoreEos ?? false,
    n,
    logprobs: whole("logprobs", 0, MAX_LOGPROBS),
    signal: options.signal,
  };
}

function readStop(stop: string | string[] | undefined): string[] {
  const strings = stop === undefined ? [] : typeof stop === "string" ? [stop] : stop;
  if (strings.length > MAX_STOP_STRINGS) throw new RangeError(`stop may hold ${MAX_STOP_STRINGS} strings, not ${strings.length}`);
  for (const text of strings) {
    if (typeof text !== "string" || text === "") throw new RangeError("stop strings must be non-empty strings");
    if (text.length > MAX_STOP_LENGTH) throw new RangeError(`stop strings may have ${MAX_STOP_LENGTH} characters, not ${text.length}`);
  }
  return strings;
}

/** @throws {UnsupportedError} An option that this version does not have; `param` names it. */
export function refuseUnsupported(options: ChatOptions & CompleteOptions): void {
  const refuse = (param: string, why: string): never => {
    throw new UnsupportedError(`${param} is not supported: ${why}`, param);
  };
  if (options.session !== undefined) refuse("session", "sessions do not exist yet");
  if (options.suffix !== undefined && options.suffix !== "") refuse("suffix", "text is only continued at its end");
}
