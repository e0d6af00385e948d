/** The tensor types of GGUF (ggml.h, `enum ggml_type`): which ones run here, and what the others are called. */
import type { TensorType } from "./types.ts";

export interface TensorTypeInfo {
  readonly type: TensorType;
  readonly id: number; // ggml's number, as the file stores it
  readonly blockWeights: number; // weights per block; a row is a whole number of blocks
  readonly blockBytes: number;
}

const info = (type: TensorType, id: number, blockWeights: number, blockBytes: number): TensorTypeInfo => ({
  type,
  id,
  blockWeights,
  blockBytes,
});

export const tensorTypes: Readonly<Record<TensorType, TensorTypeInfo>> = {
  F32: info("F32", 0, 1, 4),
  F16: info("F16", 1, 1, 2),
  BF16: info("BF16", 30, 1, 2),
  Q8_0: info("Q8_0", 8, 32, 34),
  Q4_0: info("Q4_0", 2, 32, 18),
  Q4_1: info("Q4_1", 3, 32, 20),
  Q5_0: info("Q5_0", 6, 32, 22),
  Q5_1: info("Q5_1", 7, 32, 24),
  Q4_K: info("Q4_K", 12, 256, 144),
  Q5_K: info("Q5_K", 13, 256, 176),
  Q6_K: info("Q6_K", 14, 256, 210),
  MXFP4: info("MXFP4", 39, 32, 17),
};

const byId: ReadonlyMap<number, TensorTypeInfo> = new Map(Object.values(tensorTypes).map((t) => [t.id, t]));

/** Known to ggml, not to us: only so that a message can name them. */
const unsupported: ReadonlyMap<number, string> = new Map([
  [4, "Q4_2"],
  [5, "Q4_3"],
  [9, "Q8_1"],
  [10, "Q2_K"],
  [11, "Q3_K"],
  [15, "Q8_K"],
  [16, "IQ2_XXS"],
  [17, "IQ2_XS"],
  [18, "IQ3_XXS"],
  [19, "IQ1_S"],
  [20, "IQ4_NL"],
  [21, "IQ3_S"],
  [22, "IQ2_S"],
  [23, "IQ4_XS"],
  [24, "I8"],
  [25, "I16"],
  [26, "I32"],
  [27, "I64"],
  [28, "F64"],
  [29, "IQ1_M"],
  [31, "Q4_0_4_4"],
  [32, "Q4_0_4_8"],
  [33, "Q4_0_8_8"],
  [34, "TQ1_0"],
  [35, "TQ2_0"],
  [36, "IQ4_NL_4_4"],
  [37, "IQ4_NL_4_8"],
  [38, "IQ4_NL_8_8"],
  [40, "NVFP4"],
  [41, "Q1_0"],
  [42, "Q2_0"],
]);

/** The type with ggml's number `id`, or undefined. */
export function tensorTypeById(id: number): TensorTypeInfo | undefined {
  return byId.get(id);
}

/** What ggml calls type `id` where it is one we do not run ("IQ4_NL"), or undefined where nobody knows it. */
export function unsupportedTypeName(id: number): string | undefined {
  return unsupported.get(id);
}

/** Bytes of `rows` rows of `columns` weights; `columns` must be a multiple of the type's block. */
export function tensorBytes(type: TensorType, columns: number, rows: number): number {
  const { blockWeights, blockBytes } = tensorTypes[type];
  return (columns / blockWeights) * blockBytes * rows;
}
