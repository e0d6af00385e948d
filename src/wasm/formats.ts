/** What each tensor type becomes in a bank, and which kernels read it. */
import type { TensorType } from "../gguf/types.ts";
import type { PackedType, PackName } from "./kernels.ts";

/** The form of activations that a type's matmul takes: f32 rows, or int8 blocks of 32 or 256 columns (assembly/quantizeRow.ts). */
export type ActivationForm = "f32" | "q32" | "q32Wide" | "q256";

export interface PackedFormat {
  readonly type: PackedType;
  readonly pack: PackName;
  readonly matmul: `matmul${PackedType}`;
  readonly unpackRow: `unpackRow${PackedType}`;
  readonly activations: ActivationForm;
  readonly blockColumns: number; // columns are a multiple of this
  readonly octetBytes: number; // of 8 rows × blockColumns
}

const format = (
  type: PackedType,
  activations: ActivationForm,
  blockColumns: number,
  octetBytes: number,
  pack: PackName = `pack${type}` as PackName,
): PackedFormat => ({
  type,
  pack,
  matmul: `matmul${type}`,
  unpackRow: `unpackRow${type}`,
  activations,
  blockColumns,
  octetBytes,
});

/** Rare types go, exactly, into a wider type's layout: Q5_0 into Q8_0's, Q4_1 and Q5_1 into one with minimums. */
export const FORMATS: Readonly<Record<TensorType, PackedFormat>> = {
  F32: format("F32", "f32", 4, 128),
  F16: format("F16", "f32", 4, 64),
  BF16: format("BF16", "f32", 4, 64, "packF16"),
  Q4_0: format("Q4_0", "q32", 32, 144),
  MXFP4: format("MXFP4", "q32", 32, 136),
  Q8_0: format("Q8_0", "q32Wide", 32, 272),
  Q5_0: format("Q8_0", "q32Wide", 32, 272, "packQ5_0"),
  Q4_1: format("Q8_1", "q32Wide", 32, 288, "packQ4_1"),
  Q5_1: format("Q8_1", "q32Wide", 32, 288, "packQ5_1"),
  Q4_K: format("Q4_K", "q256", 256, 1184),
  Q5_K: format("Q5_K", "q32", 256, 1440),
  Q6_K: format("Q6_K", "q256", 256, 1680),
};

/** The kernels that bring a row of f32 into a form. */
export const QUANTIZERS = { q32: "quantizeRow32", q32Wide: "quantizeRow32Wide", q256: "quantizeRow256" } as const;

/** Output counts are rounded up to whole octets of 8 rows. */
export const padRows = (rows: number): number => Math.ceil(rows / 8) * 8;

/** Bytes of rows × cols weights of a type, packed. */
export function packedBytes(type: TensorType, cols: number, rows: number): number {
  const { blockColumns, octetBytes } = FORMATS[type];
  return (padRows(rows) / 8) * (cols / blockColumns) * octetBytes;
}

/** Bytes of one row of n activations in a form, by build. */
export function activationBytes(form: ActivationForm, n: number, build: "plain" | "relaxed"): number {
  switch (form) {
    case "f32":
      return n * 4;
    case "q32":
      return (n / 32) * (build === "relaxed" ? 40 : 72);
    case "q32Wide":
      return (n / 32) * 72;
    case "q256":
      return (n / 256) * (build === "relaxed" ? 320 : 576);
  }
}
