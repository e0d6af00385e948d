/** What a file's mix of tensor types is called: "Q4_K_M" (llama.h, `enum llama_ftype`). */
import type { GgufFile } from "../gguf/types.ts";

const names: ReadonlyMap<number, string> = new Map([
  [0, "F32"],
  [1, "F16"],
  [2, "Q4_0"],
  [3, "Q4_1"],
  [7, "Q8_0"],
  [8, "Q5_0"],
  [9, "Q5_1"],
  [14, "Q4_K_S"],
  [15, "Q4_K_M"],
  [16, "Q5_K_S"],
  [17, "Q5_K_M"],
  [18, "Q6_K"],
  [32, "BF16"],
  [38, "MXFP4_MOE"],
]);

/** Set by llama.cpp where it guessed the type from the tensors. */
const GUESSED = 1024;

/** The name that `general.file_type` gives, or else the tensor type that holds most of the bytes. */
export function fileTypeName(file: GgufFile): string {
  const id = file.metadata.get("general.file_type");
  const name = typeof id === "number" ? names.get(id & ~GUESSED) : undefined;
  if (name !== undefined) return name;
  const bytes = new Map<string, number>();
  for (const tensor of file.tensors.values()) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  const [most] = [...bytes].toSorted((a, b) => b[1] - a[1]);
  return most?.[0] ?? "unknown";
}
