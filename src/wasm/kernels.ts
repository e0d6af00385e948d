/** The kernels' exports (assembly/index.ts) as the host sees them: pointers are byte offsets into the bank's memory. */
import { instantiateSync } from "@assemblyscript/loader";

type Matmul = (
  y: number,
  yStride: number,
  x: number,
  xStride: number,
  w: number,
  cols: number,
  from: number,
  to: number,
  nRows: number,
) => void;
type Pack = (dst: number, src: number, cols: number, nRows: number) => void;
type UnpackRow = (y: number, w: number, cols: number, row: number) => void;
type QuantizeRow = (q: number, x: number, n: number) => void;
type AttendPage = (
  state: number,
  q: number,
  page: number,
  scratch: number,
  nHeads: number,
  nKvHeads: number,
  headDim: number,
  from: number,
  to: number,
  count: number,
) => void;
type AppendKv = (page: number, k: number, v: number, nKvHeads: number, headDim: number, from: number, to: number, slot: number) => void;

export type PackedType = "F32" | "F16" | "BF16" | "Q4_0" | "Q8_0" | "Q8_1" | "MXFP4" | "Q4_K" | "Q5_K" | "Q6_K";
export type PackName = `pack${"F32" | "F16" | "Q4_0" | "Q4_1" | "Q5_0" | "Q5_1" | "Q8_0" | "MXFP4" | "Q4_K" | "Q5_K" | "Q6_K"}`;

export type Kernels = Record<`matmul${PackedType}`, Matmul> &
  Record<PackName, Pack> &
  Record<`unpackRow${PackedType}`, UnpackRow> & {
    init(): void;
    rmsNorm(y: number, x: number, weight: number, n: number, eps: number): void;
    ropeFrequencies(freq: number, half: number, base: number): void;
    ropeTable(table: number, freq: number, half: number, position: number): void;
    rope(x: number, table: number, nHeads: number, headDim: number): void;
    shortConv(y: number, bcx: number, state: number, weight: number, n: number, nRows: number, from: number, to: number): void;
    swiglu(y: number, gate: number, up: number, n: number): void;
    add(y: number, x: number, n: number): void;
    addScaled(y: number, x: number, a: number, n: number): void;
    router(indices: number, weights: number, logits: number, bias: number, n: number, k: number): void;
    softmax(y: number, x: number, n: number): void;
    blockExponentials(y: number, sums: number, x: number, n: number, max: number, temperature: number): void;
    firstMoment(out: number, scratch: number, y: number, x: number, n: number, max: number, temperature: number): void;
    blockMaxima(y: number, x: number, n: number): void;
    selectFrom(count: number, indices: number, values: number, x: number, n: number, floor: number): void;
    logSumExp(out: number, scratch: number, x: number, n: number): void;
    quantizeRow32: QuantizeRow;
    quantizeRow32Wide: QuantizeRow;
    quantizeRow256: QuantizeRow;
    appendKv: AppendKv;
    appendKvF16: AppendKv;
    appendKvQ8: AppendKv;
    attendPage: AttendPage;
    attendPageF16: AttendPage;
    attendPageQ8: AttendPage;
    attentionBegin(state: number, nHeads: number, headDim: number): void;
    attentionEnd(y: number, state: number, nHeads: number, headDim: number, from: number, to: number): void;
    barrier(words: number, n: number, spins: number): void;
    waitWhile(word: number, value: number, spins: number): void;
  };

/** Where a bank's own data may begin: below lie the kernels' constants and static tables. */
export const BANK_START = 65536;

/** An instance of the kernels over a memory that the host owns; the constant table is written. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = instantiateSync(module, { env: { memory } });
  const kernels = exports as unknown as Kernels;
  kernels.init();
  return kernels;
}
