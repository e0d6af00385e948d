/** The key-value part of a GGUF header. */
import type { HeaderReader } from "./header-reader.ts";
import { quote } from "./quote.ts";
import type { MetadataValue } from "./types.ts";

/** Real files have 30 to 60 entries. */
export const MAX_METADATA_COUNT = 65_536;
/** The longest key that the format's own description allows. */
export const MAX_KEY_BYTES = 65_535;
/** A chat template has some 10 kB. */
export const MAX_STRING_BYTES = 4 * 2 ** 20;
/** The largest tokenizers have some 450 000 merges. */
export const MAX_ARRAY_LENGTH = 2 ** 19;
/** Strings and bools in all arrays together: in memory each takes several times what it has in the file. */
export const MAX_LISTED = 2 ** 20;

interface ValueType {
  readonly name: string;
  readonly bytes: number; // the fewest that one value takes
  read(reader: HeaderReader, what: string): number | boolean;
  /** `bytes` is a copy of its own. The views suppose a little-endian machine, as WebAssembly does. */
  array(bytes: ArrayBuffer, what: string, reader: HeaderReader): MetadataValue;
}

const numbers64 = (bytes: ArrayBuffer, what: string, reader: HeaderReader, signed: boolean): Float64Array => {
  const values = signed ? new BigInt64Array(bytes) : new BigUint64Array(bytes);
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    numbers[i] = Number(values[i]);
    if (!Number.isSafeInteger(numbers[i])) throw reader.error(`${what} holds ${values[i]}, and values past 2^53 are not accepted`);
  }
  return numbers;
};

const bool = (byte: number, what: string, reader: HeaderReader): boolean => {
  if (byte > 1) throw reader.error(`${what} is a bool with the value ${byte}, expected 0 or 1`);
  return byte === 1;
};

const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** By the file's number; strings and arrays, whose length varies, are read apart. */
const valueTypes: ReadonlyMap<number, ValueType> = new Map([
  [0, { name: "u8", bytes: 1, read: (r) => r.u8(), array: (b) => new Uint8Array(b) }],
  [1, { name: "i8", bytes: 1, read: (r) => r.i8(), array: (b) => new Int8Array(b) }],
  [2, { name: "u16", bytes: 2, read: (r) => r.u16(), array: (b) => new Uint16Array(b) }],
  [3, { name: "i16", bytes: 2, read: (r) => r.i16(), array: (b) => new Int16Array(b) }],
  [4, { name: "u32", bytes: 4, read: (r) => r.u32(), array: (b) => new Uint32Array(b) }],
  [5, { name: "i32", bytes: 4, read: (r) => r.i32(), array: (b) => new Int32Array(b) }],
  [6, { name: "f32", bytes: 4, read: (r) => r.f32(), array: (b) => new Float32Array(b) }],
  [
    7,
    {
      name: "bool",
      bytes: 1,
      read: (r, what) => bool(r.u8(), what, r),
      array: (b, what, r) => Array.from(new Uint8Array(b), (v) => bool(v, what, r)),
    },
  ],
  [10, { name: "u64", bytes: 8, read: (r, what) => r.u64(what), array: (b, what, r) => numbers64(b, what, r, false) }],
  [11, { name: "i64", bytes: 8, read: (r, what) => r.i64(what), array: (b, what, r) => numbers64(b, what, r, true) }],
  [12, { name: "f64", bytes: 8, read: (r) => r.f64(), array: (b) => new Float64Array(b) }],
] satisfies [number, ValueType][]);

/** A length-prefixed string of at most `limit` bytes. */
export async function readString(reader: HeaderReader, limit: number, what: string): Promise<string> {
  if (reader.available < 8) await reader.fill(8, what);
  const length = reader.u64(`the length of ${what}`);
  if (length > limit) throw reader.error(`${what} has ${length} bytes, and the limit is ${limit}`);
  if (reader.available < length) await reader.fill(length, what);
  return reader.text(length, what);
}

/** `listed`: strings and bools that the arrays before this one had. */
async function readArray(reader: HeaderReader, what: string, listed: number): Promise<MetadataValue> {
  await reader.fill(12, what);
  const type = reader.u32();
  const length = reader.u64(`the length of ${what}`);
  if (type === ARRAY) throw reader.error(`${what} is an array of arrays, which no model of this family has`);
  if (length > MAX_ARRAY_LENGTH) throw reader.error(`${what} has ${length} elements, and the limit is ${MAX_ARRAY_LENGTH}`);
  if ((type === STRING || type === BOOL) && listed + length > MAX_LISTED)
    throw reader.error(`with ${what} its arrays have ${listed + length} strings and bools, and the limit is ${MAX_LISTED}`);
  if (type === STRING) {
    reader.expect(length * 8, what);
    const strings: string[] = [];
    const element = `an element of ${what}`;
    for (;;) {
      reader.takeStrings(strings, length - strings.length, MAX_STRING_BYTES, element);
      if (strings.length === length) return strings;
      // The next needs more to be read, or is wrong.
      if (reader.available < 8) await reader.fill(8, element);
      const bytes = reader.u64(element);
      if (bytes > MAX_STRING_BYTES) throw reader.error(`${element} has ${bytes} bytes, and the limit is ${MAX_STRING_BYTES}`);
      if (reader.available < bytes) await reader.fill(bytes, element);
      strings.push(reader.text(bytes, element));
    }
  }
  const elements = valueTypes.get(type);
  if (!elements) throw reader.error(`${what} is an array of type ${type}, which GGUF does not define`);
  await reader.fill(length * elements.bytes, what);
  return elements.array(reader.take(length * elements.bytes).slice().buffer, what, reader);
}

/** `count` entries, in file order. Throws WeightsError on a repeated key, an unknown type, a limit passed or the file's end. */
export async function readMetadata(reader: HeaderReader, count: number): Promise<Map<string, MetadataValue>> {
  const metadata = new Map<string, MetadataValue>();
  let listed = 0;
  for (let i = 0; i < count; i++) {
    const key = await readString(reader, MAX_KEY_BYTES, `metadata key ${i + 1} of ${count}`);
    const what = `metadata ${quote(key)}`;
    if (key === "") throw reader.error(`metadata entry ${i + 1} of ${count} has no key`);
    if (metadata.has(key)) throw reader.error(`${what} occurs twice`);
    await reader.fill(4, what);
    const type = reader.u32();
    if (type === STRING) {
      metadata.set(key, await readString(reader, MAX_STRING_BYTES, what));
    } else if (type === ARRAY) {
      const array = await readArray(reader, what, listed);
      if (Array.isArray(array)) listed += array.length;
      metadata.set(key, array);
    } else {
      const valueType = valueTypes.get(type);
      if (!valueType) throw reader.error(`${what} has type ${type}, which GGUF does not define`);
      await reader.fill(valueType.bytes, what);
      metadata.set(key, valueType.read(reader, what));
    }
  }
  return metadata;
}
