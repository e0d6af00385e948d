/** The tensor table of a GGUF header, and the check of where its tensors lie. */
import { UnsupportedError } from "../errors.ts";
import type { HeaderReader } from "./header-reader.ts";
import { readString } from "./metadata.ts";
import { printable, quote } from "./quote.ts";
import { tensorBytes, tensorTypeById, unsupportedTypeName } from "./tensor-types.ts";
import type { TensorInfo } from "./types.ts";

/** The largest model of the family has 428. */
export const MAX_TENSOR_COUNT = 65_536;
/** ggml's own limit (GGML_MAX_NAME). */
export const MAX_TENSOR_NAME_BYTES = 64;
export const MAX_DIMENSIONS = 4;

/** A tensor whose `offset` still counts from the start of the data section. */
type Unplaced = Omit<TensorInfo, "offset"> & { offset: number };

/** `count` tensors in file order. */
export async function readTensorTable(reader: HeaderReader, count: number): Promise<Unplaced[]> {
  const tensors: Unplaced[] = [];
  for (let i = 0; i < count; i++) {
    const name = await readString(reader, MAX_TENSOR_NAME_BYTES, `the name of tensor ${i + 1} of ${count}`);
    if (name === "") throw reader.error(`tensor ${i + 1} of ${count} has no name`);
    const what = `tensor ${quote(name)}`;
    await reader.fill(4, what);
    const dimensions = reader.u32();
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
      throw reader.error(`${what} has ${dimensions} dimensions, expected 1 to ${MAX_DIMENSIONS}`);
    await reader.fill(dimensions * 8 + 12, what);
    const shape = Array.from({ length: dimensions }, (_, d) => reader.u64(`dimension ${d + 1} of ${what}`)); // no room to grow
    const id = reader.u32();
    const offset = reader.u64(`the offset of ${what}`);
    tensors.push({ name, shape, shard: reader.shard, offset, ...typeAndBytes(reader, what, shape, id) });
  }
  return tensors;
}

function typeAndBytes(reader: HeaderReader, what: string, shape: readonly number[], id: number): Pick<TensorInfo, "type" | "bytes"> {
  const known = tensorTypeById(id);
  if (!known) {
    const name = unsupportedTypeName(id);
    if (name === undefined) throw reader.error(`${what} has type ${id}, which GGUF does not define`);
    throw new UnsupportedError(
      `Cannot read ${printable(reader.shard)}: ${what} is ${name}, which is not supported; use a Q4_0, Q4_K_M, Q8_0 or F16 file`,
      name,
    );
  }
  let weights = 1;
  for (const dimension of shape) {
    if (dimension === 0) throw reader.error(`${what} has a dimension of zero (${shape.join(" × ")})`);
    weights *= dimension; // each factor is below 2^53: a product past it is caught before it could grow to infinity
    if (weights > Number.MAX_SAFE_INTEGER) throw reader.error(`${what} (${shape.join(" × ")}) has more weights than any file can hold`);
  }
  const columns = shape[0] ?? 1;
  if (columns % known.blockWeights !== 0) {
    throw reader.error(`${what} has rows of ${columns} weights, and ${known.type} needs a multiple of ${known.blockWeights}`);
  }
  return { type: known.type, bytes: tensorBytes(known.type, columns, weights / columns) };
}

/**
 * The same tensors with their offsets from the start of the part, once all lie inside it, aligned, and none on another. They are not copied:
 * of a hostile header's 65 000 that is memory. `dataStart`: where the data section begins, bytes.
 */
export function placeTensors(reader: HeaderReader, tensors: Unplaced[], dataStart: number, alignment: number): TensorInfo[] {
  for (const tensor of tensors) {
    if (tensor.offset % alignment !== 0) {
      throw reader.error(
        `tensor ${quote(tensor.name)} begins at offset ${tensor.offset}, which is no multiple of the alignment, ${alignment}`,
      );
    }
    const offset = dataStart + tensor.offset;
    if (offset + tensor.bytes > reader.size) {
      throw reader.error(
        `tensor ${quote(tensor.name)} ends at byte ${offset + tensor.bytes}, but the file has ${reader.size}; it is cut short or not what it says`,
      );
    }
    tensor.offset = offset;
  }
  let last: TensorInfo | undefined;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (last && last.offset + last.bytes > tensor.offset) {
      throw reader.error(`tensors ${quote(last.name)} and ${quote(tensor.name)} overlap at byte ${tensor.offset}`);
    }
    last = tensor;
  }
  return tensors;
}
