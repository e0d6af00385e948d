/**
 * GGUF header → metadata and tensor table, for one file or all parts of a split one. Layout: ggml's docs/gguf.md.
 *
 * A file comes from outside: every count, length and offset has a named limit beside its reader (metadata.ts, tensor-table.ts,
 * header-reader.ts, split.ts) and is checked before it is used.
 */
import { WeightsError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import { HeaderReader } from "./header-reader.ts";
import { MAX_METADATA_COUNT, readMetadata } from "./metadata.ts";
import { printable, quote } from "./quote.ts";
import { describeNonGguf } from "./sniff.ts";
import { firstPartName, MAX_PARTS, parseSplitName, splitName } from "./split.ts";
import { MAX_TENSOR_COUNT, placeTensors, readTensorTable } from "./tensor-table.ts";
import type { GgufFile, MetadataValue, TensorInfo } from "./types.ts";

const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 2 ** 20;
const FIXED_BYTES = 24; // magic, version, two counts

export interface ReadGgufOptions {
  /** The file, or any part of a split one; default: the source's name. */
  shard?: string;
  signal?: AbortSignal;
  /** Bytes of headers read so far, and bytes of the parts opened so far. */
  onProgress?: (progress: { loaded: number; total: number }) => void;
}

interface Part {
  readonly version: number;
  readonly metadata: Map<string, MetadataValue>;
  readonly tensors: readonly TensorInfo[];
  readonly bytes: number;
}

/**
 * Reads the header of a GGUF file (version 2 or 3); where the file is a part of a split one, the headers of all parts.
 * Only headers are read, in growing pieces. Throws WeightsError where the file is not what it should be, UnsupportedError for a tensor
 * type that ggml knows and we do not.
 */
export async function readGguf(source: WeightSource, options: ReadGgufOptions = {}): Promise<GgufFile> {
  const shard = firstPartName(options.shard ?? source.name);
  let loadedBefore = 0;
  let total = 0;
  const read = async (name: string): Promise<Part> => {
    options.signal?.throwIfAborted();
    const size = await source.size(name, options.signal);
    if (!Number.isSafeInteger(size) || size < 0)
      throw new WeightsError(`Cannot read ${printable(name)}: its source gives ${size} as its size`);
    total += size;
    let loaded = 0;
    const part = await readPart(source, name, size, options.signal, (bytes) => {
      loaded = bytes;
      options.onProgress?.({ loaded: loadedBefore + loaded, total });
    });
    loadedBefore += loaded;
    return part;
  };
  const first = await read(shard);
  const parts = [{ name: shard, part: first }];
  const count = splitCount(shard, first.metadata);
  const prefix = parseSplitName(shard)?.prefix ?? "";
  for (let i = 2; i <= count; i++) {
    const name = splitName(prefix, i, count);
    try {
      const part = await read(name);
      checkPart(name, part.metadata, first.metadata, i, count);
      parts.push({ name, part });
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      throw new WeightsError(`Cannot use part ${i} of ${count} of ${printable(shard)}: ${error.message}`, { cause: error });
    }
  }
  const tensors = new Map<string, TensorInfo>();
  for (const { name, part } of parts) {
    for (const tensor of part.tensors) {
      if (tensors.has(tensor.name)) throw new WeightsError(`Cannot read ${printable(name)}: tensor ${quote(tensor.name)} occurs twice`);
      tensors.set(tensor.name, tensor);
    }
  }
  const expected = first.metadata.get("split.tensors.count");
  if (count > 1 && expected !== undefined && expected !== tensors.size) {
    throw new WeightsError(
      `Cannot read ${printable(shard)}: it says that its parts hold ${String(expected)} tensors, and they hold ${tensors.size}; parts of different models are mixed`,
    );
  }
  return {
    version: first.version,
    metadata: first.metadata,
    tensors,
    shards: parts.map(({ name }) => name),
    bytes: parts.reduce((sum, { part }) => sum + part.bytes, 0),
  };
}

async function readPart(
  source: WeightSource,
  shard: string,
  size: number,
  signal: AbortSignal | undefined,
  onRead: (loaded: number) => void,
): Promise<Part> {
  const reader = new HeaderReader(source, shard, size, signal, onRead);
  const { version, tensorCount, metadataCount } = await readFixed(reader);
  const metadata = await readMetadata(reader, metadataCount);
  const alignment = readAlignment(reader, metadata);
  const table = await readTensorTable(reader, tensorCount);
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  return { version, metadata, tensors: placeTensors(reader, table, dataStart, alignment), bytes: size };
}

/** Magic, version and counts: where most files that are not GGUF are told so. */
async function readFixed(reader: HeaderReader): Promise<{ version: number; tensorCount: number; metadataCount: number }> {
  if (reader.size === 0) throw reader.error("the file is empty");
  await reader.fill(Math.min(64, reader.size));
  const head = reader.take(4).slice();
  if (head.length < 4 || String.fromCharCode(...head) !== "GGUF") {
    const rest = reader.take(Math.min(60, reader.available));
    throw reader.error(describeNonGguf(Uint8Array.from([...head, ...rest])));
  }
  if (reader.size < FIXED_BYTES) throw reader.error(`the file ends after ${reader.size} bytes, in the middle of its header`);
  const version = reader.u32();
  if (version === 1) throw reader.error("it is GGUF version 1, from before August 2023; convert the model again (2 and 3 are read)");
  if (version !== 0 && (version & 0xffff) === 0) throw reader.error("it is a big-endian GGUF; only little-endian files are read");
  if (version !== 2 && version !== 3) throw reader.error(`it is GGUF version ${version}, and 2 and 3 are read`);
  const tensorCount = reader.u64("the number of tensors");
  const metadataCount = reader.u64("the number of metadata entries");
  if (tensorCount > MAX_TENSOR_COUNT)
    throw reader.error(`it says that it has ${tensorCount} tensors, and the limit is ${MAX_TENSOR_COUNT}`);
  if (metadataCount > MAX_METADATA_COUNT) {
    throw reader.error(`it says that it has ${metadataCount} metadata entries, and the limit is ${MAX_METADATA_COUNT}`);
  }
  return { version, tensorCount, metadataCount };
}

function readAlignment(reader: HeaderReader, metadata: ReadonlyMap<string, MetadataValue>): number {
  const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  if (typeof alignment === "number" && alignment >= 8 && alignment <= MAX_ALIGNMENT && Number.isInteger(Math.log2(alignment)))
    return alignment;
  const found = typeof alignment === "number" ? String(alignment) : `a ${typeof alignment}`;
  throw reader.error(`general.alignment is ${found}, expected a power of two from 8 to ${MAX_ALIGNMENT}`);
}

/** How many parts the first part's name and metadata say there are; they must agree. */
function splitCount(shard: string, metadata: ReadonlyMap<string, MetadataValue>): number {
  const count = metadata.get("split.count") ?? 1;
  const inName = parseSplitName(shard)?.parts ?? 1;
  if (typeof count !== "number" || count < 1 || count > MAX_PARTS || !Number.isInteger(count)) {
    throw new WeightsError(`Cannot read ${printable(shard)}: split.count is ${describe(count)}, expected 1 to ${MAX_PARTS}`);
  }
  if (count === 1 && inName === 1) return 1;
  if (count !== inName) {
    throw new WeightsError(
      `Cannot read ${printable(shard)}: its metadata says ${count} part(s), its name ${inName}; parts must keep the names that llama-gguf-split gave them`,
    );
  }
  const number = metadata.get("split.no");
  if (number !== 0)
    throw new WeightsError(`Cannot read ${printable(shard)}: it should be the first part, but its split.no is ${describe(number)}`);
  return count;
}

/** That a later part belongs to the first one. */
function checkPart(
  name: string,
  metadata: ReadonlyMap<string, MetadataValue>,
  first: ReadonlyMap<string, MetadataValue>,
  part: number,
  count: number,
): void {
  const expected = new Map<string, MetadataValue | undefined>([
    ["split.no", part - 1],
    ["split.count", count],
    ["split.tensors.count", first.get("split.tensors.count")],
  ]);
  for (const key of ["general.architecture", "general.name"]) if (metadata.has(key)) expected.set(key, first.get(key));
  for (const [key, value] of expected) {
    if (metadata.get(key) === value) continue;
    throw new WeightsError(
      `${printable(name)} has ${key} ${describe(metadata.get(key))}, expected ${describe(value)}; parts of different models are mixed`,
    );
  }
}

function describe(value: MetadataValue | undefined): string {
  if (value === undefined) return "(absent)";
  return typeof value === "object" ? "an array" : typeof value === "string" ? quote(value) : String(value);
}
