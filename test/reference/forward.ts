/**
 * LFM2 in f64, one sequence from its start, no caches: what the engine's forward pass must come to.
 *
 * Matrices are [out][in], as a GGUF stores them.
 */
import { add, addScaled } from "./add.ts";
import { attention } from "./attention.ts";
import { matmul } from "./matmul.ts";
import { rmsNorm } from "./rmsNorm.ts";
import { rope, ropeFrequencies, ropeTable } from "./rope.ts";
import { router } from "./router.ts";
import { shortConv } from "./shortConv.ts";
import { swiglu } from "./swiglu.ts";

type Tensor = Float64Array;

interface FeedForward {
  gate: Tensor; // [ff][hidden]
  up: Tensor; //   [ff][hidden]
  down: Tensor; // [hidden][ff]
}

export interface ReferenceLayer {
  operatorNorm: Tensor; // [hidden]
  ffnNorm: Tensor; //      [hidden]
  conv?: { inProj: Tensor /* [3·hidden][hidden] */; conv: Tensor /* [3][hidden] */; outProj: Tensor };
  attention?: { qProj: Tensor; kProj: Tensor; vProj: Tensor; outProj: Tensor; qNorm: Tensor; kNorm: Tensor };
  dense?: FeedForward;
  experts?: { router: Tensor; bias?: Tensor; all: FeedForward[] };
}

export interface ReferenceModel {
  hiddenSize: number;
  nHeads: number;
  nKvHeads: number;
  headDim: number;
  nExpertsPerToken: number;
  normEps: number;
  ropeTheta: number;
  embedding: Tensor; // [vocabulary][hidden]
  output: Tensor; //    [vocabulary][hidden]
  norm: Tensor; //      [hidden]
  layers: ReferenceLayer[];
}

/** The hidden states [tokens][hidden] before layer 0, after each layer, and after the final norm. */
export function* forward(model: ReferenceModel, tokens: readonly number[]): Generator<Tensor, void, void> {
  const { hiddenSize: H, normEps, embedding, norm, layers } = model;
  let h = Float64Array.from(tokens.flatMap((token) => [...embedding.subarray(token * H, (token + 1) * H)]));
  for (const layer of layers) {
    yield h;
    const u = normRows(h, layer.operatorNorm, normEps);
    h = add(h, layer.conv ? convolve(layer.conv, u, H) : attend(model, layer.attention!, u)) as typeof h;
    const v = normRows(h, layer.ffnNorm, normEps);
    h = add(h, layer.dense ? feedForward(layer.dense, v, H) : mixture(model, layer.experts!, v)) as typeof h;
  }
  yield h;
  yield normRows(h, norm, normEps);
}

/** Logits [vocabulary] of one row after the final norm. */
export function logitsOf({ output, hiddenSize }: ReferenceModel, row: Tensor): Tensor {
  return matmul(output, row, hiddenSize);
}

function normRows(x: Tensor, weight: Tensor, eps: number): Tensor {
  return mapRows(x, weight.length, (row) => rmsNorm(row, weight, eps));
}

function mapRows(x: Tensor, size: number, work: (row: Tensor, index: number) => Tensor): Tensor {
  const rows = Array.from({ length: x.length / size }, (_, i) => work(x.subarray(i * size, (i + 1) * size), i));
  const y = new Float64Array(rows.reduce((n, row) => n + row.length, 0));
  for (const [i, row] of rows.entries()) y.set(row, i * row.length);
  return y;
}

function convolve({ inProj, conv, outProj }: NonNullable<ReferenceLayer["conv"]>, u: Tensor, H: number): Tensor {
  const { y } = shortConv(matmul(inProj, u, H), new Float64Array(2 * H), conv, H);
  return matmul(outProj, y, H);
}

function attend(model: ReferenceModel, layer: NonNullable<ReferenceLayer["attention"]>, u: Tensor): Tensor {
  const { hiddenSize: H, nHeads, nKvHeads, headDim, normEps, ropeTheta } = model;
  const frequencies = ropeFrequencies(headDim / 2, ropeTheta);
  const rotated = (x: Tensor, weight: Tensor, heads: number): Tensor =>
    mapRows(normRows(x, weight, normEps), heads * headDim, (row, position) => rope(row, ropeTable(frequencies, position), headDim));
  const q = rotated(matmul(layer.qProj, u, H), layer.qNorm, nHeads);
  const k = rotated(matmul(layer.kProj, u, H), layer.kNorm, nKvHeads);
  const v = matmul(layer.vProj, u, H);
  const past = nKvHeads * headDim;
  const a = mapRows(
    q,
    nHeads * headDim,
    (row, t) => attention(row, k.subarray(0, (t + 1) * past), v.subarray(0, (t + 1) * past), nHeads, nKvHeads).y,
  );
  return matmul(layer.outProj, a, nHeads * headDim);
}

function feedForward({ gate, up, down }: FeedForward, u: Tensor, H: number): Tensor {
  return matmul(down, swiglu(matmul(gate, u, H), matmul(up, u, H)), gate.length / H);
}

function mixture(model: ReferenceModel, experts: NonNullable<ReferenceLayer["experts"]>, u: Tensor): Tensor {
  const { hiddenSize: H, nExpertsPerToken } = model;
  return mapRows(u, H, (row) => {
    const { indices, weights } = router(matmul(experts.router, row, H), experts.bias, nExpertsPerToken);
    return indices.reduce<Tensor>((sum, e, i) => addScaled(sum, feedForward(experts.all[e]!, row, H), weights[i]!), new Float64Array(H));
  });
}
