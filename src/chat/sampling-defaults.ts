/** The generation parameters that the model cards recommend. Files do not carry them. */
import type { SamplingOptions } from "../types.ts";
import { type ModelIdentity, modelFamily } from "./model-family.ts";

/** What to sample with when the caller says nothing. Without the penalty of 1.05 these models fall into loops. */
export function samplingDefaults(model: ModelIdentity): SamplingOptions {
  const { generation, mixture, name } = modelFamily(model);
  // Our own copies names and numbers out of the prompt: a penalty on what is in it, or a draw, makes it misspell them.
  if (name.startsWith("lfm-edge")) return { temperature: 0, repetitionPenalty: 1 };
  const repetitionPenalty = 1.05;
  if (name.includes("24b")) return { temperature: 0.1, topK: 50, repetitionPenalty };
  if (generation === "lfm2") return { temperature: 0.3, minP: 0.15, repetitionPenalty };
  if (mixture) return { temperature: 0.2, topK: 80, repetitionPenalty }; // LFM2.5-8B-A1B
  if (name.includes("thinking")) return { temperature: 0.05, topK: 50, repetitionPenalty };
  // The base model and the first Japanese one (not JP-202606) keep LFM2's.
  if (/-base\b|-jp(?!-\d)/.test(name)) return { temperature: 0.3, minP: 0.15, repetitionPenalty };
  return { temperature: 0.1, topK: 50, repetitionPenalty };
}
