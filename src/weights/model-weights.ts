/** Where a model's weights lie in the banks, and what has to be read to put them there. */
import type { TensorInfo, TensorType } from "../gguf/types.ts";
import { packedBytes } from "../wasm/formats.ts";
import type { BankPlan, Place } from "../wasm/bank.ts";
import type { ModelConfig, ModelTensors } from "./config.ts";

/** Packed rows × cols weights (assembly/formats/). */
export interface Matrix extends Place {
  readonly type: TensorType;
  readonly cols: number; // in
  readonly rows: number; // out
}

/** Offset in the home bank of an f32 vector. */
export type Vector = number;

export interface LayerWeights {
  readonly operatorNorm: Vector; // [hidden]
  readonly ffnNorm: Vector; // [hidden]
  readonly conv?: { readonly inProj: Matrix; readonly conv: Vector /* [3][hidden] */; readonly outProj: Matrix };
  readonly attention?: {
    readonly qProj: Matrix;
    readonly kProj: Matrix;
    readonly vProj: Matrix;
    readonly outProj: Matrix;
    readonly qNorm: Vector; // [headDim]
    readonly kNorm: Vector; // [headDim]
  };
  readonly dense?: { readonly gate: Matrix; readonly up: Matrix; readonly down: Matrix };
  readonly experts?: { readonly router: Matrix; readonly bias: Vector /* [nExperts]; 0: none */ };
}

export interface ModelWeights {
  readonly embedding: Matrix; // [vocabulary, hidden]
  readonly output: Matrix; // the same place where they are tied
  readonly norm: Vector; // [hidden]
  readonly layers: readonly LayerWeights[];
}

/** One tensor to be read and where it goes. */
export type ReadJob = { readonly tensor: TensorInfo } & (
  | { readonly kind: "matrix"; readonly to: Matrix }
  | { readonly kind: "vector"; readonly to: Vector }
  | { readonly kind: "taps"; readonly to: Vector }
);

/** Reserves room for everything but the experts, which the expert store holds. Jobs are in file order. */
export function planWeights(plan: BankPlan, config: ModelConfig, tensors: ModelTensors): { weights: ModelWeights; jobs: ReadJob[] } {
  const jobs: ReadJob[] = [];
  const vector = (tensor: TensorInfo, kind: "vector" | "taps" = "vector"): Vector => {
    const size = tensor.shape.reduce((a, b) => a * b, 1);
    const to = plan.allocate(size * 4 + 16, "home").offset;
    jobs.push({ kind, tensor, to });
    return to;
  };
  const matrix = (tensor: TensorInfo): Matrix => {
    const [cols = 1, rows = 1] = tensor.shape;
    const to = { ...plan.allocate(packedBytes(tensor.type, cols, rows)), type: tensor.type, cols, rows };
    jobs.push({ kind: "matrix", tensor, to });
    return to;
  };

  const layers = tensors.layers.map(
    ({ operatorNorm, ffnNorm, conv, attention, dense, experts }): LayerWeights => ({
      operatorNorm: vector(operatorNorm),
      ffnNorm: vector(ffnNorm),
      ...(conv && { conv: { inProj: matrix(conv.inProj), conv: vector(conv.conv, "taps"), outProj: matrix(conv.outProj) } }),
      ...(attention && {
        attention: {
          qProj: matrix(attention.qProj),
          kProj: matrix(attention.kProj),
          vProj: matrix(attention.vProj),
          outProj: matrix(attention.outProj),
          qNorm: vector(attention.qNorm),
          kNorm: vector(attention.kNorm),
        },
      }),
      ...(dense && { dense: { gate: matrix(dense.gate), up: matrix(dense.up), down: matrix(dense.down) } }),
      ...(experts && { experts: { router: matrix(experts.router), bias: experts.bias ? vector(experts.bias) : 0 } }),
    }),
  );
  const embedding = matrix(tensors.embedding);
  const output = tensors.output === tensors.embedding ? embedding : matrix(tensors.output);
  const weights: ModelWeights = { embedding, output, norm: vector(tensors.norm), layers };
  if (config.layers.length !== layers.length) throw new Error("planWeights: config and tensors disagree");
  jobs.sort((a, b) => (a.tensor.shard === b.tensor.shard ? a.tensor.offset - b.tensor.offset : a.tensor.shard < b.tensor.shard ? -1 : 1));
  return { weights, jobs };
}
