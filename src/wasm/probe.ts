/**
 * Kernels on fixed pseudo-random input. Two compilations of one module that answer alike, bit for bit, may stand in for each other:
 * V8's baseline compiler knows nothing of pairing (pair-vectors.ts), so that its answers judge those of paired code.
 */
import type { TensorType } from "../gguf/types.ts";
import { tensorTypes } from "../gguf/tensor-types.ts";
import { activationBytes, FORMATS, packedBytes, QUANTIZERS } from "./formats.ts";
import { BANK_START, instantiateKernels, type Kernels } from "./kernels.ts";

const COLS = 512;
const ROWS = 40; // outputs: four streams of one octet, and one left over
const BATCH = 7; // activation rows: tiles of four, two and one
const MEMORY_PAGES = 32;

/** Bytes in a block of the file that are the high half of a floating-point number, which must stay small and finite. */
const HIGH_BYTES: Readonly<Record<TensorType, readonly number[]>> = {
  F32: [3],
  F16: [1],
  BF16: [1],
  Q4_0: [1],
  Q4_1: [1, 3],
  Q5_0: [1],
  Q5_1: [1, 3],
  Q8_0: [1],
  Q4_K: [1, 3],
  Q5_K: [1, 3],
  Q6_K: [209],
  MXFP4: [0],
};

/** What a model may need or not: its tensors' types, its KV cache's, and what works on vectors of f32. */
export type KernelGroup = TensorType | "kv f32" | "kv f16" | "kv q8" | "vectors";

/** The bits of all outputs. */
export function answers(module: WebAssembly.Module, groups: readonly KernelGroup[]): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: 65536, shared: true });
  const kernels = instantiateKernels(module, memory);
  const probe = new Probe(kernels, new Uint8Array(memory.buffer));
  for (const group of groups) {
    if (group === "vectors") probe.vectors();
    else if (group === "kv f32") probe.attention("");
    else if (group === "kv f16") probe.attention("F16");
    else if (group === "kv q8") probe.attention("Q8");
    else probe.matrix(group);
  }
  return probe.result();
}

class Probe {
  readonly #kernels: Kernels;
  readonly #bytes: Uint8Array;
  readonly #answers: Uint8Array[] = [];
  #top = BANK_START;
  #seed = 1;

  constructor(kernels: Kernels, bytes: Uint8Array) {
    this.#kernels = kernels;
    this.#bytes = bytes;
  }

  /** Packing, unpacking, quantising and the products, of a whole batch and of one row. */
  matrix(type: TensorType): void {
    const { pack, unpackRow, matmul, activations } = FORMATS[type];
    const { blockWeights, blockBytes } = tensorTypes[type];
    const raw = this.#random((COLS / blockWeights) * blockBytes * ROWS);
    for (let block = raw; block < this.#top; block += blockBytes) {
      for (const at of HIGH_BYTES[type])
        this.#bytes[block + at] = type === "MXFP4" ? 120 + (this.#bytes[block]! & 7) : this.#bytes[block + at]! & 0xbb;
    }
    const w = this.#room(packedBytes(type, COLS, ROWS));
    this.#kernels[pack](w, raw, COLS, ROWS);
    const row = this.#room(COLS * 4);
    this.#kernels[unpackRow](row, w, COLS, 3);
    this.#take(row, COLS * 4);

    const x = this.#floats(BATCH * COLS);
    // Room for either build's rows.
    const stride = activationBytes(activations, COLS, "plain");
    const q = activations === "f32" ? x : this.#room(BATCH * stride);
    if (activations !== "f32") {
      for (let r = 0; r < BATCH; r++) this.#kernels[QUANTIZERS[activations]](q + r * stride, x + r * COLS * 4, COLS);
    }
    const y = this.#room(BATCH * ROWS * 4);
    for (const [outputs, batch] of [
      [8, BATCH],
      [ROWS, 1],
    ] as const) {
      this.#kernels[matmul](y, ROWS * 4, q, stride, w, COLS, 0, outputs, batch);
      this.#take(y, BATCH * ROWS * 4);
    }
  }

  /** What works on vectors of f32. */
  vectors(): void {
    const kernels = this.#kernels;
    const [x, weight, state] = [this.#floats(3 * COLS), this.#floats(3 * COLS), this.#floats(2 * COLS)];
    const y = this.#room(COLS * 4);
    const taken = (run: () => void, bytes = COLS * 4): void => (run(), this.#take(y, bytes));
    taken(() => kernels.rmsNorm(y, x, weight, COLS, 1e-5));
    taken(() => kernels.shortConv(y, x, state, weight, COLS, 1, 0, COLS));
    taken(() => kernels.swiglu(y, x, weight, COLS));
    taken(() => kernels.add(y, x, COLS));
    taken(() => kernels.addScaled(y, x, 0.7, COLS));
    taken(() => kernels.softmax(y, x, COLS));
    taken(() => kernels.blockExponentials(y, state, x, COLS, 4, 0.7));
    this.#take(state, (COLS / 64) * 8);
    kernels.firstMoment(state, weight, y, x, COLS, 4, 0.7);
    this.#take(state, 8);
    taken(() => kernels.blockMaxima(y, x, COLS), (COLS / 64) * 4);
    taken(() => kernels.selectFrom(y, state, weight, x, COLS, 1), 4);
    this.#take(state, new Int32Array(this.#bytes.buffer, y, 1)[0]! * 4);
    taken(() => kernels.logSumExp(y, y + 64, x, COLS), 8);
    taken(() => kernels.router(y, y + 64, x, weight, 32, 4), 80);
    taken(() => kernels.ropeFrequencies(y, 32, 1e6), 128);
    taken(() => kernels.ropeTable(y + 128, y, 32, 777), 384);
    taken(() => kernels.rope(x, y + 128, 8, 64), 384);
    this.#take(x, COLS * 4);
  }

  /** One page of 37 positions, and one query row that attends to all of them and then to the first five. */
  attention(type: "" | "F16" | "Q8"): void {
    const kernels = this.#kernels;
    const [nHeads, nKvHeads, headDim] = [4, 2, 64];
    const [q, k, v] = [this.#floats(nHeads * headDim), this.#floats(nKvHeads * headDim * 37), this.#floats(nKvHeads * headDim * 37)];
    const page = this.#room(2 * nKvHeads * headDim * 64 * 4);
    const [state, scores] = [this.#room(nHeads * (headDim + 2) * 4), this.#room(4 * 64 * 4 + 16)];
    kernels.attentionBegin(state, nHeads, headDim);
    for (let slot = 0; slot < 37; slot++) {
      const at = slot * nKvHeads * headDim * 4;
      kernels[`appendKv${type}`](page, k + at, v + at, nKvHeads, headDim, 0, nKvHeads, slot);
    }
    for (const count of [37, 5]) kernels[`attendPage${type}`](state, q, page, scores, nHeads, nKvHeads, headDim, 0, nKvHeads, count);
    kernels.attentionEnd(state, state, nHeads, headDim, 0, nHeads);
    this.#take(state, nHeads * headDim * 4);
  }

  result(): Uint8Array {
    const whole = new Uint8Array(this.#answers.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const answer of this.#answers) {
      whole.set(answer, at);
      at += answer.length;
    }
    return whole;
  }

  #take(at: number, bytes: number): void {
    this.#answers.push(this.#bytes.slice(at, at + bytes));
  }

  #room(bytes: number): number {
    const at = Math.ceil(this.#top / 64) * 64;
    this.#top = at + bytes;
    return at;
  }

  #random(bytes: number): number {
    const at = this.#room(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = this.#next();
    return at;
  }

  /** f32 between −2 and 2, of many sizes. */
  #floats(n: number): number {
    const at = this.#room(n * 4);
    const values = new Float32Array(this.#bytes.buffer, at, n);
    for (let i = 0; i < n; i++) values[i] = ((this.#next() - 128) / 64) * 2 ** -(this.#next() & 7);
    return at;
  }

  /** A byte of an LCG's high bits. */
  #next(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) | 0;
    return this.#seed >>> 24;
  }
}
