/** Every buffer of a forward pass, named once, with its shape. Planned at load; the token loop allocates nothing in wasm. */
import type { BankPlan } from "../wasm/bank.ts";
import type { Build } from "../wasm/builds.ts";
import { activationBytes, padRows, type ActivationForm } from "../wasm/formats.ts";
import type { ModelConfig } from "../weights/config.ts";
import { numericsRoom } from "./numerics.ts";

/** Rows of one forward pass at most: each chunk of a prompt reads nearly all experts once, 64 rows at a time took 1.2 times as long. */
export const MAX_ROWS = 256;
/** Rows of prompts beside sequences that decode: those should not wait long for their next token. */
export const MIXED_ROWS = 32;
/** Rows whose logits are computed together. */
export const LOGIT_ROWS = 4;

export type Buffers = ReturnType<typeof sharedBuffers> & ReturnType<typeof ownBuffers>;

/** Offsets in the home bank, for each thread. T = MAX_ROWS; every row length is a multiple of 8. */
export function planBuffers(plan: BankPlan, config: ModelConfig, build: Build, maxSequences: number, threads: number): Buffers[] {
  const f32 = (n: number): number => plan.allocate(n * 4, "home").offset;
  const shared = sharedBuffers(f32, config, maxSequences);
  return Array.from({ length: threads }, () => ({ ...shared, ...ownBuffers(f32, config, build) }));
}

/** Each thread writes its share, and after a barrier all read. */
function sharedBuffers(f32: (n: number) => number, config: ModelConfig, maxSequences: number) {
  const { hiddenSize: H, nHeads, nKvHeads, headDim, nExpertsPerToken, vocabularySize, expertFeedForwardSize } = config;
  const T = MAX_ROWS;
  const nConv = config.layers.filter((kind) => kind === "conv").length;
  const ff = padRows(Math.max(config.feedForwardSize, nExpertsPerToken * padRows(expertFeedForwardSize), 8));
  return {
    o: f32(T * H), //                       [T][H] a block's output
    bcx: f32(T * 3 * H), //                 [T][3H] B | C | x
    y: f32(T * H), //                       [T][H] the convolution's output
    q: f32(T * nHeads * headDim), //        [T][nHeads][headDim]
    k: f32(T * nKvHeads * headDim), //      [T][nKvHeads][headDim]
    v: f32(T * nKvHeads * headDim), //      [T][nKvHeads][headDim]
    a: f32(T * nHeads * headDim), //        [T][nHeads][headDim] attention's output
    gate: f32(T * ff), //                   [T][ff], or of experts [T · k][expertFf]
    up: f32(T * ff), //                     [T][ff]
    logits: f32(LOGIT_ROWS * padRows(vocabularySize)), // [LOGIT_ROWS][vocabulary, padded]
    convStates: f32(maxSequences * nConv * 2 * H), // [maxSequences][nConv][2][H]
    ropeFrequencies: f32(headDim / 2), //   [headDim / 2]
  };
}

/** What is cheap is computed by every thread for itself: that saves a barrier. */
function ownBuffers(f32: (n: number) => number, config: ModelConfig, build: Build) {
  const { hiddenSize: H, nHeads, headDim, nExperts, nExpertsPerToken, vocabularySize } = config;
  const T = MAX_ROWS;
  return {
    h: f32(T * H), //                       [T][H] the residual stream
    u: f32(T * H), //                       [T][H] its norm, the input of a block
    quantized: f32((T * widestActivations(widestInput(config), build)) / 4), // [T] rows of whatever form a matrix takes
    state: f32(nHeads * (headDim + 2)), //  one row's online softmax (assembly/attention.ts)
    routerLogits: f32(T * padRows(nExperts)), // [T][nExperts, padded]
    experts: f32(T * nExpertsPerToken), //  i32 [T][k], ascending
    expertWeights: f32(T * nExpertsPerToken), // [T][k]
    ropeTables: f32(T * headDim), //        [T][2][headDim / 2] cosines, sines
    numerics: f32(numericsRoom(vocabularySize)), // in and out of Engine.numerics
  };
}

/**
 * Room in every bank, for each thread, for what comes from home to meet weights there: inputs, an expert's inner rows, outputs, one attention
 * row. While weights are loaded it takes the file's bytes instead.
 */
export interface Scratch {
  readonly input: number; //  [T] activation rows of any form
  readonly gate: number; //   [T][expertFf]
  readonly up: number; //     [T][expertFf]
  readonly output: number; // [T][widest output], or [LOGIT_ROWS][vocabulary]
  readonly q: number; //      [nHeads][headDim]
  readonly state: number; //  [nHeads](headDim + 2)
  readonly k: number; //      [nKvHeads][headDim]
  readonly v: number; //      [nKvHeads][headDim]
  readonly scores: number; // [4][64], [4]
  readonly bytes: number;
}

/** Offsets from the scratch's own start. */
export function planScratch(config: ModelConfig, build: Build, staging: number): Scratch {
  const { hiddenSize: H, nHeads, nKvHeads, headDim, expertFeedForwardSize, feedForwardSize, vocabularySize } = config;
  const widestOutput = Math.max(3 * H, nHeads * headDim, padRows(feedForwardSize), padRows(expertFeedForwardSize));
  let top = 0;
  const room = (bytes: number): number => {
    const offset = top;
    top += Math.ceil(bytes / 64) * 64;
    return offset;
  };
  const scratch = {
    input: room(MAX_ROWS * widestActivations(widestInput(config), build)),
    gate: room(MAX_ROWS * padRows(expertFeedForwardSize) * 4),
    up: room(MAX_ROWS * padRows(expertFeedForwardSize) * 4),
    output: room(4 * Math.max(MAX_ROWS * widestOutput, LOGIT_ROWS * padRows(vocabularySize))),
    q: room(nHeads * headDim * 4),
    state: room(nHeads * (headDim + 2) * 4),
    k: room(nKvHeads * headDim * 4),
    v: room(nKvHeads * headDim * 4),
    scores: room(4 * 64 * 4 + 16),
  };
  return { ...scratch, bytes: Math.ceil(Math.max(top, staging) / 64) * 64 };
}

function widestInput({ hiddenSize, nHeads, headDim, feedForwardSize, expertFeedForwardSize }: ModelConfig): number {
  return Math.max(hiddenSize, nHeads * headDim, feedForwardSize, expertFeedForwardSize);
}

/** Bytes of n activations in their widest form. */
function widestActivations(n: number, build: Build): number {
  const forms: ActivationForm[] = n % 256 === 0 ? ["f32", "q32Wide", "q256"] : ["f32", "q32Wide"];
  return Math.max(...forms.map((form) => activationBytes(form, n, build)));
}
