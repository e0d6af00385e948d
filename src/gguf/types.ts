/** What a GGUF file says about itself, once read and checked. */

/** Numeric arrays keep their typed form; 64-bit integers are numbers (a value past 2^53 is refused). */
export type MetadataValue =
  | string
  | number
  | boolean
  | string[]
  | boolean[]
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

export type TensorType = "F32" | "F16" | "BF16" | "Q8_0" | "Q4_0" | "Q4_1" | "Q5_0" | "Q5_1" | "Q4_K" | "Q5_K" | "Q6_K" | "MXFP4";

export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[]; // ggml's order, fastest dimension first: [in, out] or [in, out, experts]
  readonly shard: string; // which part of a split file holds it
  readonly offset: number; // bytes from the start of that part
  readonly bytes: number;
}

export interface GgufFile {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, TensorInfo>; // in file order, parts in order
  readonly shards: readonly string[];
  readonly bytes: number; // all parts
}
