/** GGUF headers made by hand, right or wrong: counts, lengths and types can be whatever a test wants. */

export interface Value {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface HandMadeTensor {
  name: string | Uint8Array;
  dimensions: bigint[];
  type: number;
  offset: bigint;
  dimensionCount?: number; // default: what there are
}

export interface HandMade {
  magic?: string;
  version?: number;
  metadata?: Readonly<Record<string, Value>>;
  moreMetadata?: readonly (readonly [string, Value])[]; // for keys that occur twice
  tensors?: readonly HandMadeTensor[];
  metadataCount?: bigint; // default: what there is
  tensorCount?: bigint;
  alignment?: number; // of the data section; default 32
  dataBytes?: number; // default: up to the end of the last tensor's 4 × 4 floats
}

const view = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const buffer = new ArrayBuffer(bytes);
  write(new DataView(buffer));
  return new Uint8Array(buffer);
};
const u32 = (n: number): Uint8Array => view(4, (v) => v.setUint32(0, n, true));
const u64 = (n: bigint): Uint8Array => view(8, (v) => v.setBigUint64(0, n, true));
const join = (...parts: readonly (Uint8Array | readonly Uint8Array[])[]): Uint8Array => new Uint8Array(Buffer.concat(parts.flat()));

/** A length-prefixed string. */
export const text = (content: string | Uint8Array, length?: bigint): Uint8Array => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return join(u64(length ?? BigInt(bytes.length)), bytes);
};

export const value = {
  u8: (n: number): Value => ({ type: 0, bytes: Uint8Array.of(n) }),
  i8: (n: number): Value => ({ type: 1, bytes: Uint8Array.of(n) }),
  u16: (n: number): Value => ({ type: 2, bytes: view(2, (v) => v.setUint16(0, n, true)) }),
  i16: (n: number): Value => ({ type: 3, bytes: view(2, (v) => v.setInt16(0, n, true)) }),
  u32: (n: number): Value => ({ type: 4, bytes: u32(n) }),
  i32: (n: number): Value => ({ type: 5, bytes: view(4, (v) => v.setInt32(0, n, true)) }),
  f32: (n: number): Value => ({ type: 6, bytes: view(4, (v) => v.setFloat32(0, n, true)) }),
  bool: (n: number): Value => ({ type: 7, bytes: Uint8Array.of(n) }),
  string: (content: string | Uint8Array, length?: bigint): Value => ({ type: 8, bytes: text(content, length) }),
  u64: (n: bigint): Value => ({ type: 10, bytes: u64(n) }),
  i64: (n: bigint): Value => ({ type: 11, bytes: view(8, (v) => v.setBigInt64(0, n, true)) }),
  f64: (n: number): Value => ({ type: 12, bytes: view(8, (v) => v.setFloat64(0, n, true)) }),
  /** Of the first one's type; at least one. */
  array: (...values: readonly Value[]): Value => ({
    type: 9,
    bytes: join(
      u32(values[0]?.type ?? 0),
      u64(BigInt(values.length)),
      values.map((v) => v.bytes),
    ),
  }),
  emptyArray: (type: number): Value => ({ type: 9, bytes: join(u32(type), u64(0n)) }),
  /** An array that says what it likes. */
  claimedArray: (type: number, length: bigint, bytes = new Uint8Array(0)): Value => ({
    type: 9,
    bytes: join(u32(type), u64(length), bytes),
  }),
  /** A value of a type that GGUF may not know. */
  raw: (type: number, bytes = new Uint8Array(0)): Value => ({ type, bytes }),
};

/** Eight f32 weights at offset 0, unless told otherwise. */
export const aTensor = (name: string | Uint8Array, other: Partial<HandMadeTensor> = {}): HandMadeTensor => ({
  name,
  dimensions: [8n],
  type: 0,
  offset: 0n,
  ...other,
});

export function ggufBytes(file: HandMade): Uint8Array {
  const metadata = [...Object.entries(file.metadata ?? {}), ...(file.moreMetadata ?? [])];
  const tensors = file.tensors ?? [];
  const alignment = file.alignment ?? 32;
  const header = join(
    new TextEncoder().encode(file.magic ?? "GGUF"),
    u32(file.version ?? 3),
    u64(file.tensorCount ?? BigInt(tensors.length)),
    u64(file.metadataCount ?? BigInt(metadata.length)),
    metadata.flatMap(([key, { type, bytes }]) => [text(key), u32(type), bytes]),
    tensors.flatMap((t) => [
      text(t.name),
      u32(t.dimensionCount ?? t.dimensions.length),
      ...t.dimensions.map(u64),
      u32(t.type),
      u64(t.offset),
    ]),
  );
  const ends = tensors.map((t) => Number(t.offset) + 32).filter((end) => end < 2 ** 20);
  const data = file.dataBytes ?? ends.reduce((a, b) => Math.max(a, b), 0);
  const padding = data > 0 ? (alignment - (header.length % alignment)) % alignment : 0;
  return join(header, new Uint8Array(padding + data));
}

/** A file's header in pieces that `ggufBytes` puts together again, and the offset of every field in it. */
export interface TakenApart {
  readonly metadata: Record<string, Value>;
  readonly tensors: HandMadeTensor[];
  readonly fields: readonly number[]; // starts of counts, lengths, texts, types and values; the last is the header's end
  readonly dataStart: number;
}

/** Of a correct file with no arrays of arrays and the default alignment. */
export function takeApart(bytes: Uint8Array): TakenApart {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: number[] = [];
  let at = 0;
  const skip = (size: number): number => {
    fields.push(at);
    at += size;
    return at - size;
  };
  const u32 = (): number => view.getUint32(skip(4), true);
  const u64 = (): bigint => view.getBigUint64(skip(8), true);
  const string = (): string => {
    const length = Number(u64());
    return new TextDecoder().decode(bytes.subarray(skip(length), at));
  };
  const sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
  const read = (type: number): Value => {
    const start = at;
    if (type === 8) string();
    else if (type === 9) {
      const of = u32();
      const length = Number(u64());
      if (of === 8) for (let i = 0; i < length; i++) string();
      else skip(length * (sizes[of] ?? 0));
    } else skip(sizes[type] ?? 0);
    return { type, bytes: bytes.slice(start, at) };
  };

  skip(8); // magic and version
  const tensorCount = Number(u64());
  const metadataCount = Number(u64());
  const metadata: Record<string, Value> = {};
  for (let i = 0; i < metadataCount; i++) metadata[string()] = read(u32());
  const tensors = Array.from({ length: tensorCount }, (): HandMadeTensor => {
    const name = string();
    const dimensions = Array.from({ length: u32() }, u64);
    return { name, dimensions, type: u32(), offset: u64() };
  });
  fields.push(at);
  return { metadata, tensors, fields, dataStart: Math.ceil(at / 32) * 32 };
}
