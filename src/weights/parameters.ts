import type { TensorInfo } from "../gguf/types.ts";
import type { ModelConfig, ModelTensors } from "./config.ts";

const weights = (tensor: TensorInfo): number => tensor.shape.reduce((product, n) => product * n, 1);

/** How many weights a model has, and how many one token meets: all but the experts that it is not sent to. A tied embedding counts once. */
export function countParameters(config: ModelConfig, tensors: ModelTensors): { total: number; active: number } {
  let shared = weights(tensors.embedding) + weights(tensors.norm);
  if (tensors.output !== tensors.embedding) shared += weights(tensors.output);
  let inExperts = 0;
  for (const layer of tensors.layers) {
    const { operatorNorm, ffnNorm, conv, attention, dense, experts } = layer;
    for (const part of [{ operatorNorm, ffnNorm }, conv, attention, dense]) {
      for (const tensor of Object.values(part ?? {})) shared += weights(tensor);
    }
    if (!experts) continue;
    shared += weights(experts.router) + (experts.bias ? weights(experts.bias) : 0);
    inExperts += weights(experts.gate) + weights(experts.up) + weights(experts.down);
  }
  const active = inExperts === 0 ? shared : shared + (inExperts / config.nExperts) * config.nExpertsPerToken;
  return { total: shared + inExperts, active };
}
