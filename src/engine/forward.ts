/**
 * LFM2, the whole forward pass: rows of tokens → the hidden state before the LM head.
 *
 *     h = E[token]
 *     for each layer:  h += operator(norm(h));  h += feedForward(norm(h))      operator: gated short convolution or attention
 *     logits = W · norm(h)                                                      feedForward: SwiGLU, or the best k of n experts
 *
 * Rows meet only in the operators, through their sequence's state. Every thread of a team runs this, on its share of outputs, channels or heads;
 * what all need is computed by each. It pauses now and then, for whoever drives it to look at aborts or to let others run, and where an expert has
 * to be fetched.
 */
import { FORMATS, padRows } from "../wasm/formats.ts";
import { TURN, type Batch, type Core, type Pause } from "./core.ts";
import { attention } from "./attention.ts";
import { feedForwardExperts } from "./experts.ts";

/** Leaves the rows' last hidden states in buffers.h of each thread. The sequences' pages must cover their rows. */
export function* forward(core: Core, { tokens, positions, runs }: Batch): Generator<Pause, void, void> {
  const { config, weights, banks, buffers, linear, team } = core;
  const { h, u, o, bcx, y, q, k, v, a, gate, up } = buffers;
  const { hiddenSize: H, nHeads, nKvHeads, headDim, normEps } = config;
  const { kernels } = banks[0]!;
  const T = tokens.length;
  const group = nHeads / nKvHeads;
  const [c0, c1] = team.share(H, 8); // channels of the convolution
  const [k0, k1] = team.share(nKvHeads); // KV heads, each with its group of query heads
  const [q0, q1] = [k0 * group, k1 * group];

  gatherEmbeddings(core, tokens);
  for (let t = 0; t < T; t++) kernels.ropeTable(buffers.ropeTables + t * headDim * 4, buffers.ropeFrequencies, headDim / 2, positions[t]!);

  let nConv = 0;
  let nAttention = 0;
  for (const [i, layer] of weights.layers.entries()) {
    yield { layer: i, experts: [] };

    for (let t = 0; t < T; t++) kernels.rmsNorm(u + t * H * 4, h + t * H * 4, layer.operatorNorm, H, normEps);
    linear.input(u, H, T);
    if (layer.conv) {
      for (const part of [0, H, 2 * H]) linear.apply(bcx, layer.conv.inProj, [part + c0, part + c1]);
      for (const { sequence, row, count } of runs) {
        const convState = sequence.convStates + nConv * 2 * H * 4;
        kernels.shortConv(y + row * H * 4, bcx + row * 3 * H * 4, convState, layer.conv.conv, H, count, c0, c1);
      }
      team.barrier();
      linear.input(y, H, T);
      linear.apply(o, layer.conv.outProj);
      nConv++;
    } else if (layer.attention) {
      const { qProj, kProj, vProj, outProj, qNorm, kNorm } = layer.attention;
      linear.apply(q, qProj, [q0 * headDim, q1 * headDim]);
      linear.apply(k, kProj, [k0 * headDim, k1 * headDim]);
      linear.apply(v, vProj, [k0 * headDim, k1 * headDim]);
      for (let t = 0; t < T; t++) {
        const [qt, kt, table] = [q + t * nHeads * headDim * 4, k + t * nKvHeads * headDim * 4, buffers.ropeTables + t * headDim * 4];
        for (let j = q0; j < q1; j++) kernels.rmsNorm(qt + j * headDim * 4, qt + j * headDim * 4, qNorm, headDim, normEps);
        for (let j = k0; j < k1; j++) kernels.rmsNorm(kt + j * headDim * 4, kt + j * headDim * 4, kNorm, headDim, normEps);
        kernels.rope(qt + q0 * headDim * 4, table, q1 - q0, headDim);
        kernels.rope(kt + k0 * headDim * 4, table, k1 - k0, headDim);
      }
      yield* attention(core, nAttention++, runs, [k0, k1]);
      team.barrier();
      linear.input(a, nHeads * headDim, T);
      linear.apply(o, outProj);
    }
    team.barrier();
    kernels.add(h, o, T * H);

    yield TURN;

    for (let t = 0; t < T; t++) kernels.rmsNorm(u + t * H * 4, h + t * H * 4, layer.ffnNorm, H, normEps);
    linear.input(u, H, T);
    if (layer.dense) {
      const ff = padRows(layer.dense.gate.rows);
      const [f0, f1] = team.share(ff, 8);
      linear.apply(gate, layer.dense.gate, [f0, f1]);
      yield TURN;
      linear.apply(up, layer.dense.up, [f0, f1]);
      for (let t = 0; t < T; t++) {
        const at = (t * ff + f0) * 4;
        kernels.swiglu(gate + at, gate + at, up + at, f1 - f0);
      }
      team.barrier();
      yield TURN;
      linear.input(gate, ff, T);
      linear.apply(o, layer.dense.down);
    } else {
      yield* feedForwardExperts(core, i, T);
    }
    team.barrier();
    kernels.add(h, o, T * H);
  }
}

/** logits[r] = W · norm(h[rows[r]]) for at most LOGIT_ROWS rows, into buffers.logits. */
export function logitsOf({ config, weights, banks, buffers, linear, team }: Core, rows: readonly number[]): void {
  const { hiddenSize: H, normEps } = config;
  const { h, u, logits } = buffers;
  for (const [r, row] of rows.entries()) banks[0]!.kernels.rmsNorm(u + r * H * 4, h + row * H * 4, weights.norm, H, normEps);
  linear.input(u, H, rows.length);
  linear.apply(logits, weights.output);
  team.barrier();
}

/** norm(h[row]), f32[H]: a view, valid until the next call. Needs no other thread. */
export function hiddenOf({ config, weights, banks, buffers }: Core, row: number): Float32Array {
  const { hiddenSize: H, normEps } = config;
  const { h, u } = buffers;
  const { kernels, f32 } = banks[0]!;
  kernels.rmsNorm(u, h + row * H * 4, weights.norm, H, normEps);
  return f32.subarray(u / 4, u / 4 + H);
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
