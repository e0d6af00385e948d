/** The shape of one LFM2 model, read from GGUF metadata and checked against its tensors (README, "Models"). */
import type { TensorInfo } from "../gguf/types.ts";

export type LayerKind = "conv" | "attention";

export interface ModelConfig {
  readonly architecture: "lfm2" | "lfm2moe";
  readonly name: string | undefined; // general.name
  readonly fileType: string; // "Q4_0", "Q4_K_M", …
  readonly description: string | undefined; // general.description
  readonly license: string | undefined;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: readonly LayerKind[];
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  readonly feedForwardSize: number; // of the dense layers, from the tensors
  readonly nDenseLayers: number; // layers before the first with experts; all of them in a dense model
  readonly nExperts: number; // 0 in a dense model
  readonly nExpertsPerToken: number;
  readonly expertFeedForwardSize: number;
  readonly normEps: number;
  readonly ropeTheta: number;
  readonly convKernel: number; // taps: 3
  readonly trainedContextLength: number;
}

/** One layer's tensors. Names are the checkpoint's, not GGUF's. */
export interface LayerTensors {
  readonly operatorNorm: TensorInfo; // [hidden]
  readonly ffnNorm: TensorInfo; // [hidden]
  readonly conv?: { readonly inProj: TensorInfo; readonly conv: TensorInfo; readonly outProj: TensorInfo };
  readonly attention?: {
    readonly qProj: TensorInfo;
    readonly kProj: TensorInfo;
    readonly vProj: TensorInfo;
    readonly outProj: TensorInfo;
    readonly qNorm: TensorInfo;
    readonly kNorm: TensorInfo;
  };
  readonly dense?: { readonly gate: TensorInfo; readonly up: TensorInfo; readonly down: TensorInfo };
  readonly experts?: {
    readonly router: TensorInfo;
    readonly bias?: TensorInfo;
    readonly gate: TensorInfo; // [hidden, expertFf, experts]
    readonly up: TensorInfo;
    readonly down: TensorInfo; // [expertFf, hidden, experts]
  };
}

export interface ModelTensors {
  readonly embedding: TensorInfo; // [hidden, vocabulary]
  readonly output: TensorInfo; // the LM head: the embedding where they are tied
  readonly norm: TensorInfo; // the final norm
  readonly layers: readonly LayerTensors[];
}
