import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GGMLQuantizationType, gguf } from "@huggingface/gguf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UnsupportedError, WeightsError } from "../src/errors.ts";
import { readGguf } from "../src/gguf/read.ts";
import { firstPartName, parseSplitName } from "../src/gguf/split.ts";
import type { MetadataValue } from "../src/gguf/types.ts";
import { openFile } from "../src/runtime/node-file-source.ts";
import type { WeightSource } from "../src/types.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { aTensor, ggufBytes, value } from "./gguf-bytes.ts";
import type { HandMade } from "./gguf-bytes.ts";

const fixtures = new URL("fixtures/", import.meta.url);
const names = (await readdir(fixtures)).filter((name) => name.endsWith(".gguf"));

describe("fixtures", () => {
  it.each(names)("%s reads as @huggingface/gguf reads it", async (name) => {
    const path = new URL(name, fixtures).pathname;
    const file = await readGguf(await openFile(path));
    const oracle = await gguf(path, { allowLocalFile: true });
    const { version, tensor_count, kv_count, ...metadata } = oracle.metadata as Record<string, unknown>;
    expect(file.version).toBe(version);
    expect(file.metadata.size).toBe(Number(kv_count));
    expect(Object.fromEntries([...file.metadata].map(([key, v]) => [key, plain(v)]))).toEqual(metadata);
    expect(file.tensors.size).toBe(Number(tensor_count));
    const theirs = oracle.tensorInfos.map((t) => ({
      name: t.name,
      shape: t.shape.map(Number),
      type: GGMLQuantizationType[t.dtype],
      offset: Number(oracle.tensorDataOffset) + Number(t.offset),
    }));
    expect([...file.tensors.values()].map(({ name, shape, type, offset }) => ({ name, shape, type, offset }))).toEqual(theirs);
    // The data section is full: the next tensor begins where the last one ends, and the file ends with the last.
    const ends = [...file.tensors.values()].map((t) => Math.ceil((t.offset + t.bytes) / 32) * 32);
    expect(ends).toEqual([...theirs.slice(1).map((t) => t.offset), file.bytes]);
  });

  it("is the same from memory, and reads no more than its header needs", async () => {
    const bytes = new Uint8Array(await readFile(new URL("tiny-moe-F16.gguf", fixtures)));
    const reads: number[] = [];
    const inner = memorySource(bytes, { name: "tiny-moe-F16.gguf" });
    const source: WeightSource = {
      ...inner,
      read: (shard, offset, target) => {
        reads.push(target.length);
        return inner.read(shard, offset, target);
      },
    };
    const progress: number[] = [];
    const file = await readGguf(source, { onProgress: ({ loaded, total }) => progress.push(loaded, total) });
    expect(file).toEqual(await readGguf(await openFile(new URL("tiny-moe-F16.gguf", fixtures).pathname)));
    expect(reads).toEqual([256 * 1024]);
    expect(progress).toEqual([256 * 1024, bytes.length]);
  });
});

describe("metadata", () => {
  it("keeps every type", async () => {
    const metadata: HandMade["metadata"] = {
      u8: value.u8(255),
      i8: value.i8(-128),
      u16: value.u16(65_535),
      i16: value.i16(-32_768),
      u32: value.u32(2 ** 32 - 1),
      i32: value.i32(-(2 ** 31)),
      f32: value.f32(0.5),
      yes: value.bool(1),
      no: value.bool(0),
      text: value.string("ärger 🚀\n"),
      u64: value.u64(2n ** 53n - 1n),
      i64: value.i64(-(2n ** 53n) + 1n),
      f64: value.f64(Math.PI),
      "array.u8": value.array(value.u8(1), value.u8(2)),
      "array.i16": value.array(value.i16(-1), value.i16(2)),
      "array.f32": value.array(value.f32(-0.25)),
      "array.bool": value.array(value.bool(1), value.bool(0)),
      "array.u64": value.array(value.u64(2n ** 40n)),
      "array.i64": value.array(value.i64(-7n)),
      "array.string": value.array(value.string(""), value.string("\ufeffbom"), value.string("Ġa")),
      "array.empty": value.emptyArray(5),
    };
    const file = await read({ metadata });
    expect(Object.fromEntries(file.metadata)).toEqual({
      u8: 255,
      i8: -128,
      u16: 65_535,
      i16: -32_768,
      u32: 2 ** 32 - 1,
      i32: -(2 ** 31),
      f32: 0.5,
      yes: true,
      no: false,
      text: "ärger 🚀\n",
      u64: 2 ** 53 - 1,
      i64: -(2 ** 53) + 1,
      f64: Math.PI,
      "array.u8": Uint8Array.of(1, 2),
      "array.i16": Int16Array.of(-1, 2),
      "array.f32": Float32Array.of(-0.25),
      "array.bool": [true, false],
      "array.u64": Float64Array.of(2 ** 40),
      "array.i64": Float64Array.of(-7),
      "array.string": ["", "\ufeffbom", "Ġa"],
      "array.empty": new Int32Array(0),
    });
  });

  it("crosses the pieces that it is read in", async () => {
    // Strings of a prime length, so that the ends of the pieces (256 KiB, 512 KiB, …) fall inside some of them.
    const texts = Array.from({ length: 30_000 }, (_, i) => String(i).padStart(29, "·"));
    const { metadata } = await read({ metadata: { texts: value.array(...texts.map((t) => value.string(t))), after: value.u32(7) } });
    expect(metadata.get("texts")).toEqual(texts);
    expect(metadata.get("after")).toBe(7);
  });

  it("keeps every kind of character, and their places", async () => {
    const texts = ["", "a", "é", "Ġ", "中", "🚀", "🚀🚀a", "é中🚀Ġ", "x".repeat(5000), "", "𝔸", "\ufeff", "\0", "中".repeat(700)];
    const many = Array.from({ length: 40_000 }, (_, i) => texts[(i * 5) % texts.length]!.slice(0, 1400));
    const { metadata } = await read({ metadata: { texts: value.array(...many.map((t) => value.string(t))) } });
    expect(metadata.get("texts")).toEqual(many);
  });

  it.each([
    ["cut between two strings", [[0x61], [0xc3], [0xa9]], 1],
    ["that ends too soon", [[0x61], [0x62], [0xf0, 0x9f], [0x63]], 2],
    ["that begins in its middle", [[0xa9], [0x61]], 0],
    ["too long for its value", [[0x61], [0xc0, 0x80]], 1],
    ["of half a surrogate pair", [[0x61], [0x62], [0x63], [0xed, 0xa0, 0x80]], 3],
  ])("refuses a character %s", async (_, strings, which) => {
    const texts = strings.map((bytes) => value.string(Uint8Array.from(bytes)));
    const before = strings.slice(0, which).reduce((sum, { length }) => sum + 8 + length, 0);
    // Magic, version, counts; key, type; the array's type and length; the string's own length.
    const at = 24 + (8 + 1) + 4 + 12 + before + 8;
    await expect(read({ metadata: { k: value.array(...texts) } })).rejects.toThrow(
      `an element of metadata "k" at byte ${at} is not valid UTF-8`,
    );
  });

  it("honours general.alignment", async () => {
    const file = await read({
      metadata: { "general.alignment": value.u32(256) },
      tensors: [aTensor("a"), aTensor("b", { offset: 256n })],
      alignment: 256,
    });
    expect([...file.tensors.values()].map((t) => t.offset)).toEqual([256, 512]);
  });

  it("reads version 2 as version 3", async () => {
    expect((await read({ version: 2, tensors: [aTensor("a")] })).version).toBe(2);
  });

  it("stops when its signal says so", async () => {
    const reason = new Error("no longer wanted");
    await expect(readGguf(memorySource(ggufBytes({})), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("what is not GGUF", () => {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
  it.each<[string, Uint8Array, RegExp]>([
    ["an empty file", bytes(""), /the file is empty/],
    ["one byte", bytes("G"), /looks like text/],
    ["only the magic", bytes("GGUF"), /ends after 4 bytes/],
    ["text", bytes("# A model\nIt talks.\n"), /looks like text \(it begins with "# A model\\nIt talks\.\\n"\)/],
    ["a web page", bytes("<!DOCTYPE html><html>not found</html>"), /looks like text \(it begins with "<!DOCTYPE/],
    ["a Git LFS pointer", bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), /Git LFS pointer/],
    ["a zip archive", bytes("PK\x03\x04\x14\x00\x00\x00"), /zip archive/],
    ["gzip", bytes("\x1f\x8b\x08\x00\x00"), /gzip-compressed/],
    ["zstd", bytes("(\xb5/\xfd\x00"), /zstd-compressed/],
    ["safetensors", bytes('\x40\x00\x00\x00\x00\x00\x00\x00{"a":{"dtype"'), /looks like safetensors/],
    ["an old ggml file", bytes("tjgg\x03\x00\x00\x00"), /from before GGUF/],
    ["zeros", new Uint8Array(1000), /begins with zeros/],
    ["an ELF program", bytes("\x7fELF\x02\x01\x01\x00"), /begins with bytes 7f 45 4c 46 instead of "GGUF"/],
    ["GGUF version 1", ggufBytes({ version: 1 }), /version 1, from before August 2023/],
    ["GGUF version 4", ggufBytes({ version: 4 }), /version 4, and 2 and 3 are read/],
    ["a big-endian GGUF", ggufBytes({ version: 0x03000000 }), /big-endian GGUF/],
  ])("%s is told so", async (_, file, message) => {
    await expectError(readGguf(memorySource(file, { name: "model.gguf" })), WeightsError, message);
  });
});

describe("tensors", () => {
  it("names a type that ggml has and we have not", async () => {
    await expectError(
      read({ tensors: [aTensor("a", { type: 20, dimensions: [32n] })] }),
      UnsupportedError,
      /tensor "a" is IQ4_NL, which is not supported/,
    );
  });

  it("may lie in any order, with gaps", async () => {
    const file = await read({ tensors: [aTensor("late", { offset: 256n }), aTensor("early")], dataBytes: 300 });
    expect([...file.tensors.keys()]).toEqual(["late", "early"]);
  });
});

describe("split files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lfm-edge-split-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["model-00002-of-00003.gguf", { prefix: "model", part: 2, parts: 3 }],
    ["a-b-00001-of-00010.gguf", { prefix: "a-b", part: 1, parts: 10 }],
    ["model-2-of-3.gguf", undefined],
    ["model-00001-of-00003.GGUF.part", undefined],
  ])("%s is understood", (name, expected) => {
    expect(parseSplitName(name)).toEqual(expected);
    expect(firstPartName(name)).toBe(expected ? name.replace(/-\d{5}-of/, "-00001-of") : name);
  });

  const part = (no: number, tensors: HandMade["tensors"], extra: HandMade["metadata"] = {}): Uint8Array =>
    ggufBytes({
      metadata: { "split.no": value.u16(no), "split.count": value.u16(3), "split.tensors.count": value.i32(3), ...extra },
      tensors: tensors ?? [],
    });
  const model = { "general.name": value.string("split") };

  /** Writes the parts to a folder of their own and opens one of them. */
  const openParts = async (parts: (Uint8Array | undefined)[], open = 0): Promise<ReturnType<typeof readGguf>> => {
    const own = await mkdtemp(join(folder, "model-"));
    const nameOf = (i: number): string => join(own, `tiny-0000${i + 1}-of-00003.gguf`);
    for (const [i, bytes] of parts.entries()) if (bytes) await writeFile(nameOf(i), bytes);
    const source = await openFile(nameOf(open));
    try {
      return await readGguf(source);
    } finally {
      await source.close();
    }
  };

  const first = part(0, [], model);
  const second = part(1, [aTensor("a"), aTensor("b", { offset: 32n })]);
  const third = part(2, [aTensor("c")]);

  it.each([0, 1, 2])("opens from part %i", async (open) => {
    const file = await openParts([first, second, third], open);
    expect(file.shards).toEqual([1, 2, 3].map((n) => `tiny-0000${n}-of-00003.gguf`));
    expect([...file.tensors.values()].map((t) => [t.name, t.shard.slice(5, 10)])).toEqual([
      ["a", "00002"],
      ["b", "00002"],
      ["c", "00003"],
    ]);
    expect(file.metadata.get("general.name")).toBe("split");
    expect(file.bytes).toBe(first.length + second.length + third.length);
  });

  it.each<[string, (Uint8Array | undefined)[], RegExp]>([
    [
      "a missing part",
      [first, undefined, third],
      /Cannot use part 2 of 3 of tiny-00001-of-00003\.gguf: Cannot open .*there is no such file/,
    ],
    ["parts exchanged", [first, third, second], /has split\.no 2, expected 1/],
    ["the same part twice", [first, second, second], /has split\.no 1, expected 2/],
    ["a tensor twice", [first, second, part(2, [aTensor("a")])], /tensor "a" occurs twice/],
    ["too few tensors", [first, second, part(2, [])], /its parts hold 3 tensors, and they hold 2/],
    [
      "another model's part",
      [first, second, part(2, [aTensor("c")], { "general.name": value.string("other") })],
      /has general\.name "other", expected "split"/,
    ],
    ["another split's part", [first, second, part(2, [aTensor("c")], { "split.count": value.u16(4) })], /has split\.count 4, expected 3/],
    ["a part that is no part", [first, second, ggufBytes({ tensors: [aTensor("c")] })], /has split\.no \(absent\), expected 2/],
    ["a later part as the first", [second, second, third], /should be the first part, but its split\.no is 1/],
    ["a whole file by a part's name", [ggufBytes({}), second, third], /its metadata says 1 part\(s\), its name 3/],
    [
      "an impossible count",
      [part(0, [], { "split.count": value.u16(65_535) }), second, third],
      /split\.count is 65535, expected 1 to 1024/,
    ],
    ["a damaged part", [first, second.subarray(0, 100), third], /Cannot use part 2 of 3 .*ends after/],
  ])("refuses %s", async (_, parts, message) => {
    await expectError(openParts(parts), WeightsError, message);
  });
});

/** As the oracle gives it: arrays as arrays, 64-bit integers as they come. */
function plain(v: MetadataValue): unknown {
  return ArrayBuffer.isView(v) ? Array.from(v) : v;
}

function read(file: HandMade): ReturnType<typeof readGguf> {
  return readGguf(memorySource(ggufBytes(file), { name: "model.gguf" }));
}

async function expectError(promise: Promise<unknown>, type: typeof WeightsError | typeof UnsupportedError, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
}
