/** From the file's bytes to packed octets, a piece at a time, through the staging room of the bank that the weights go to. */
import type { TensorInfo } from "../gguf/types.ts";
import { tensorTypes } from "../gguf/tensor-types.ts";
import type { WeightSource } from "../types.ts";
import type { Bank } from "../wasm/bank.ts";
import { FORMATS, packedBytes } from "../wasm/formats.ts";
import type { Matrix, ReadJob, Vector } from "./model-weights.ts";

/** Where file bytes may be put in each bank before they are packed. */
export interface Staging {
  readonly offset: (bank: number) => number;
  readonly bytes: number; // at a time, or an octet's rows where those are more
}

export interface Repacker {
  readonly banks: readonly Bank[];
  readonly staging: Staging;
  readonly source: WeightSource;
  /** Called with the bytes of each piece, once it is in place. */
  readonly onBytes?: (bytes: number) => void;
}

/** Pieces that a thread has under way: while one is packed, the next is read. */
export const READS = 2;

/** Bytes at a time of a thread that waits for what it reads: its core's own cache has them still when they are packed. */
export const WAITED_BYTES = 512 * 2 ** 10;

/** Staging that takes at least one octet of the widest rows; for each piece that is under way. */
export function stagingBytes(tensors: Iterable<TensorInfo>): number {
  let widest = 0;
  let largest = 0;
  for (const { type, shape, bytes } of tensors) {
    if (shape.length > 1) widest = Math.max(widest, 8 * rowBytes(type, shape[0] ?? 0));
    largest = Math.max(largest, shape.length > 1 ? bytes : 16 * bytes);
  }
  return Math.max(widest, Math.min(largest, 2 * 2 ** 20)) + 64;
}

function rowBytes(type: TensorInfo["type"], cols: number): number {
  const { blockWeights, blockBytes } = tensorTypes[type];
  return (cols / blockWeights) * blockBytes;
}

export async function repack(repacker: Repacker, job: ReadJob, signal?: AbortSignal): Promise<void> {
  const { tensor } = job;
  if (job.kind === "matrix") await repackRows(repacker, tensor, 0, job.to, signal);
  else if (job.kind === "taps") await readTaps(repacker, tensor, job.to, signal);
  else await readVector(repacker, tensor, job.to, signal);
}

/** Packs to.rows rows of a tensor, from firstRow on, to where `to` says. */
export async function repackRows(
  { banks, staging, source, onBytes }: Repacker,
  tensor: TensorInfo,
  firstRow: number,
  to: Matrix,
  signal?: AbortSignal,
): Promise<void> {
  const bank = banks[to.bank]!;
  const { pack } = FORMATS[to.type];
  const stage = staging.offset(to.bank);
  const bytesOfRow = rowBytes(to.type, to.cols);
  const rowsAtOnce = Math.max(8, Math.floor(staging.bytes / bytesOfRow / 8) * 8);
  for (let row = 0; row < to.rows; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, to.rows - row);
    const bytes = count * bytesOfRow;
    await source.read(tensor.shard, tensor.offset + (firstRow + row) * bytesOfRow, bank.bytes.subarray(stage, stage + bytes), signal);
    bank.kernels[pack](to.offset + packedBytes(to.type, to.cols, row), stage, to.cols, count);
    onBytes?.(bytes);
  }
}

/** A vector of any type becomes f32: it is packed as a matrix of one row, and that row unpacked. */
async function readVector(
  { banks, staging, source, onBytes }: Repacker,
  tensor: TensorInfo,
  to: Vector,
  signal?: AbortSignal,
): Promise<void> {
  const home = banks[0]!;
  const n = tensor.shape[0]!;
  const { type, pack, unpackRow } = FORMATS[tensor.type];
  const stage = staging.offset(0);
  await source.read(tensor.shard, tensor.offset, home.bytes.subarray(stage, stage + tensor.bytes), signal);
  if (type === "F32") home.bytes.copyWithin(to, stage, stage + tensor.bytes);
  else {
    const packed = Math.ceil((stage + tensor.bytes) / 64) * 64;
    home.kernels[pack](packed, stage, n, 1);
    home.kernels[unpackRow](to, packed, n, 0);
  }
  onBytes?.(tensor.bytes);
}

/** The convolution's [3, hidden] taps of each channel → three planes [3][hidden]. F32 only. */
async function readTaps(
  { banks, staging, source, onBytes }: Repacker,
  tensor: TensorInfo,
  to: Vector,
  signal?: AbortSignal,
): Promise<void> {
  const home = banks[0]!;
  const [taps = 0, channels = 0] = tensor.shape;
  const stage = staging.offset(0);
  await source.read(tensor.shard, tensor.offset, home.bytes.subarray(stage, stage + tensor.bytes), signal);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < taps; t++) home.f32[to / 4 + t * channels + c] = home.f32[stage / 4 + c * taps + t]!;
  onBytes?.(tensor.bytes);
}
