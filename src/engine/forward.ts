/**
 * LFM2, the whole forward pass: rows of tokens → the hidden state before the LM head.
 *
 *     h = E[token]
 *     for each layer:  h += operator(norm(h));  h += feedForward(norm(h))      operator: gated short convolution or attention
 *     logits = W · norm(h)                                                      feedForward: SwiGLU, or the best k of n experts
 *
 * Rows meet only in the operators, through their sequence's state. It pauses before each layer, for whoever drives it to look at
 * aborts or to let others run, and inside one when an expert has to be fetched.
 */
import { FORMATS, padRows } from "../wasm/formats.ts";
import type { Batch, Core } from "./core.ts";
import { attention } from "./attention.ts";
import { feedForwardExperts } from "./experts.ts";

export interface Pause {
  readonly layer: number;
  readonly experts: readonly number[]; // to be filled before going on; empty: nothing is missing
}

/** Leaves the rows' last hidden states in buffers.h. The sequences' pages must cover their rows. */
export function* forward(core: Core, { tokens, positions, runs }: Batch): Generator<Pause, void, void> {
  const { config, weights, banks, buffers, linear } = core;
  const { h, u, o, bcx, y, q, k, v, a, gate, up } = buffers;
  const { hiddenSize: H, nHeads, nKvHeads, headDim, normEps } = config;
  const { kernels } = banks[0]!;
  const T = tokens.length;

  gatherEmbeddings(core, tokens);
  for (let t = 0; t < T; t++) kernels.ropeTable(buffers.ropeTables + t * headDim * 4, buffers.ropeFrequencies, headDim / 2, positions[t]!);

  let nConv = 0;
  let nAttention = 0;
  for (const [i, layer] of weights.layers.entries()) {
    yield { layer: i, experts: [] };

    for (let t = 0; t < T; t++) kernels.rmsNorm(u + t * H * 4, h + t * H * 4, layer.operatorNorm, H, normEps);
    linear.input(u, H, T);
    if (layer.conv) {
      linear.apply(bcx, layer.conv.inProj);
      for (const { sequence, row, count } of runs) {
        const convState = sequence.convStates + nConv * 2 * H * 4;
        kernels.shortConv(y + row * H * 4, bcx + row * 3 * H * 4, convState, layer.conv.conv, H, count, 0, H);
      }
      linear.input(y, H, T);
      linear.apply(o, layer.conv.outProj);
      nConv++;
    } else if (layer.attention) {
      const { qProj, kProj, vProj, outProj, qNorm, kNorm } = layer.attention;
      linear.apply(q, qProj);
      linear.apply(k, kProj);
      linear.apply(v, vProj);
      for (let t = 0; t < T; t++) {
        const [qt, kt, table] = [q + t * nHeads * headDim * 4, k + t * nKvHeads * headDim * 4, buffers.ropeTables + t * headDim * 4];
        for (let j = 0; j < nHeads; j++) kernels.rmsNorm(qt + j * headDim * 4, qt + j * headDim * 4, qNorm, headDim, normEps);
        for (let j = 0; j < nKvHeads; j++) kernels.rmsNorm(kt + j * headDim * 4, kt + j * headDim * 4, kNorm, headDim, normEps);
        kernels.rope(qt, table, nHeads, headDim);
        kernels.rope(kt, table, nKvHeads, headDim);
      }
      attention(core, nAttention++, runs);
      linear.input(a, nHeads * headDim, T);
      linear.apply(o, outProj);
    }
    kernels.add(h, o, T * H);

    for (let t = 0; t < T; t++) kernels.rmsNorm(u + t * H * 4, h + t * H * 4, layer.ffnNorm, H, normEps);
    linear.input(u, H, T);
    if (layer.dense) {
      linear.apply(gate, layer.dense.gate);
      linear.apply(up, layer.dense.up);
      const ff = layer.dense.gate.rows;
      kernels.swiglu(gate, gate, up, T * padRows(ff));
      linear.input(gate, ff, T);
      linear.apply(o, layer.dense.down);
    } else {
      yield* feedForwardExperts(core, i, T);
    }
    kernels.add(h, o, T * H);
  }
}

/** logits[r] = W · norm(h[rows[r]]) for at most LOGIT_ROWS rows, into buffers.logits. */
export function logitsOf({ config, weights, banks, buffers, linear }: Core, rows: readonly number[]): void {
  const { hiddenSize: H, normEps } = config;
  const { h, u, logits } = buffers;
  for (const [r, row] of rows.entries()) banks[0]!.kernels.rmsNorm(u + r * H * 4, h + row * H * 4, weights.norm, H, normEps);
  linear.input(u, H, rows.length);
  linear.apply(logits, weights.output);
}

/** h[t] = the embedding's row of each token, dequantised where the embedding lies. */
function gatherEmbeddings({ weights, banks, buffers, scratch, scratchAt }: Core, tokens: Int32Array): void {
  const { embedding } = weights;
  const { kernels, bytes } = banks[embedding.bank]!;
  const { unpackRow } = FORMATS[embedding.type];
  const row = embedding.cols * 4;
  for (const [t, token] of tokens.entries()) {
    if (embedding.bank === 0) kernels[unpackRow](buffers.h + t * row, embedding.offset, embedding.cols, token);
    else {
      const output = scratchAt(embedding.bank) + scratch.output;
      kernels[unpackRow](output, embedding.offset, embedding.cols, token);
      banks[0]!.bytes.set(bytes.subarray(output, output + row), buffers.h + t * row);
    }
  }
}
