/** Files that mean harm or met with some: variants of the tiny fixtures, by hand and by a seeded generator, made one at a time. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../bench/synthetic/random.ts";
import { splitName } from "../src/gguf/split.ts";
import { aTensor, ggufBytes, takeApart, text, value } from "./gguf-bytes.ts";
import type { HandMade, HandMadeTensor, TakenApart, Value } from "./gguf-bytes.ts";

/** Bytes that occur `times` in a row: a file of many megabytes takes none here. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly times?: number;
  readonly weights?: boolean; // need not be there where the file is refused
}
type Parts = ReadonlyMap<string, readonly Piece[]>; // by file name

export interface HostileFile {
  readonly what: string;
  readonly parts: Parts;
  /** Set where the file must be refused, and with what; otherwise it may be a model, too. */
  readonly refusal?: RegExp;
  /** Its weights are where they were: a model made of it computes numbers. */
  readonly sound?: boolean;
}

const NAME = "hostile.gguf";

const lengthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { bytes, times = 1 }) => sum + bytes.length * times, 0);

export const fileBytes = ({ parts }: HostileFile): number => [...parts.values()].reduce((sum, pieces) => sum + lengthOf(pieces), 0);

/** Writes it into `folder`; the first part's path. Weights that nobody will read, because the file is refused before, are a hole. */
export function writeHostile({ parts, refusal }: HostileFile, folder: string): string {
  for (const [name, pieces] of parts) {
    const file = openSync(join(folder, name), "w");
    let at = 0;
    for (const { bytes, times = 1, weights = false } of pieces) {
      const written = weights && refusal ? 0 : times;
      for (let i = 0; i < written; i++) writeSync(file, bytes, 0, bytes.length, at + i * bytes.length);
      at += bytes.length * times;
    }
    ftruncateSync(file, at);
    closeSync(file);
  }
  const [first = NAME] = parts.keys();
  return join(folder, first);
}

/** A fixture, taken apart. */
class Base {
  readonly bytes: Uint8Array;
  readonly apart: TakenApart;
  readonly prefix: string; // of the model's own keys

  constructor(name: string) {
    this.bytes = new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
    this.apart = takeApart(this.bytes);
    this.prefix = name.includes("moe") ? "lfm2moe" : "lfm2";
  }

  get head(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.apart.fields.at(-1));
  }

  get data(): Uint8Array {
    return this.bytes.subarray(this.apart.dataStart);
  }

  /** With this header in place of its own. */
  withHead(head: Uint8Array): Piece[] {
    return [{ bytes: head }, { bytes: new Uint8Array(31 & -head.length) }, { bytes: this.data, weights: true }];
  }

  /** With a header that is put together from its parts, some of them changed. `undefined` leaves a key out. */
  rebuilt(metadata: Readonly<Record<string, Value | undefined>> = {}, other: HandMade = {}): Piece[] {
    const entries = Object.entries({ ...this.apart.metadata, ...metadata }).filter((e): e is [string, Value] => e[1] !== undefined);
    return this.withHead(ggufBytes({ tensors: this.apart.tensors, ...other, metadata: Object.fromEntries(entries), dataBytes: 0 }));
  }

  /** With one tensor's line changed. */
  retensored(name: string, change: Partial<HandMadeTensor>): Piece[] {
    return this.rebuilt({}, { tensors: this.apart.tensors.map((t) => (t.name === name ? { ...t, ...change } : t)) });
  }
}

const one = (pieces: readonly Piece[]): Parts => new Map([[NAME, pieces]]);
const cut = (pieces: readonly Piece[], length: number): Piece[] => {
  const whole = Buffer.concat(pieces.map(({ bytes }) => bytes));
  return [{ bytes: new Uint8Array(whole.subarray(0, length)) }];
};

/** Always the same. */
export function* hostileHeaders(): Generator<HostileFile> {
  const moe = new Base("tiny-moe-Q4_0.gguf");
  const dense = new Base("tiny-dense-Q4_0.gguf");
  yield* truncations(moe);
  yield* mutations(moe, "moe", 150);
  yield* mutations(dense, "dense", 100);
  yield* structures(moe);
  yield* tensorTables(moe);
  yield* splits(moe);
  yield* configurations(moe);
  yield* tokenizers(dense);
}

/** Cut at the start of fields, a byte before and a byte after: around every kind of field, and some of the thousands in the vocabulary. */
function* truncations(base: Base): Generator<HostileFile> {
  const { fields, dataStart } = base.apart;
  const ends = new Set([0, 1, 3, 4, 7, 8, 23, 24, dataStart - 1, dataStart, dataStart + 1, base.bytes.length - 1]);
  const step = Math.ceil(fields.length / 60);
  for (let i = 0; i < fields.length; i++) {
    const interesting = i < 12 || i > fields.length - 12 || i % step === 0;
    if (interesting) for (const by of [-1, 0, 1]) ends.add((fields[i] ?? 0) + by);
  }
  for (const end of ends) {
    if (end < 0) continue;
    yield { what: `cut after ${end} bytes`, parts: one([{ bytes: base.bytes.subarray(0, end) }]), refusal: /./ };
  }
}

const nasty32 = [0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const nasty64 = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Bits flipped, bytes, words and fields overwritten, and stretches moved, doubled or left out. */
function* mutations(base: Base, name: string, count: number): Generator<HostileFile> {
  const random = new Random(`hostile ${name}`);
  const below = (n: number): number => Math.floor(random.next() * n);
  const { fields } = base.apart;
  // Half the hits go to the first and the last fields: almost all others are the vocabulary's.
  const outer = [...fields.slice(0, 120), ...fields.slice(-400)];
  const place = (): number => (random.next() < 0.5 ? random.pick(outer) : below(base.head.length));
  for (let i = 0; i < count; i++) {
    let head = base.head;
    const view = new DataView(head.buffer);
    const at = Math.min(place(), head.length - 8);
    const kind = random.pick(["bits", "bytes", "u32", "u64", "copy", "remove", "insert"] as const);
    switch (kind) {
      case "bits":
        for (let flips = 1 + below(4); flips > 0; flips--) {
          const byte = Math.min(place(), head.length - 1);
          head[byte] = (head[byte] ?? 0) ^ (1 << below(8));
        }
        break;
      case "bytes":
        head.fill(random.pick([0, 1, 0x0a, 0x1b, 0x7f, 0x80, 0xff]), at, at + 1 + below(16));
        break;
      case "u32":
        view.setUint32(at, random.pick(nasty32), true);
        break;
      case "u64":
        view.setBigUint64(at, random.pick(nasty64), true);
        break;
      case "copy":
        head.copyWithin(at, place(), place());
        break;
      case "remove":
      case "insert": {
        const from = place();
        const to = Math.min(head.length, from + 1 + below(64));
        const after = kind === "remove" ? to : from;
        head = new Uint8Array(Buffer.concat([head.subarray(0, kind === "remove" ? from : to), head.subarray(after)]));
      }
    }
    yield { what: `${name}: ${kind}, no. ${i}`, parts: one(base.withHead(head)) };
  }
}

/** Counts, lengths, types, keys and versions. */
function* structures(base: Base): Generator<HostileFile> {
  const { metadata, tensors } = base.apart;
  const both = { metadata, tensors, dataBytes: 0 };
  for (const count of [tensors.length + 1, 65_536, 65_537, 2 ** 31, 2 ** 32, 2 ** 53 - 1].map(BigInt).concat(2n ** 53n, 2n ** 64n - 1n)) {
    yield { what: `${count} tensors claimed`, parts: one(base.withHead(ggufBytes({ ...both, tensorCount: count }))), refusal: /tensor/ };
    yield { what: `${count} entries claimed`, parts: one(base.withHead(ggufBytes({ ...both, metadataCount: count }))), refusal: /./ };
  }
  yield { what: "no tensors claimed", parts: one(base.withHead(ggufBytes({ ...both, tensorCount: 0n }))), refusal: /tensor/ };
  yield { what: "no entries claimed", parts: one(base.withHead(ggufBytes({ ...both, metadataCount: 0n }))), refusal: /./ };
  for (const version of [0, 1, 4, 0x03000000, 0xffffffff]) {
    yield { what: `version ${version}`, parts: one(base.withHead(ggufBytes({ ...both, version }))), refusal: /GGUF/ };
  }
  yield { what: "a header of 24 zeros", parts: one([{ bytes: new Uint8Array(24) }]), refusal: /zeros/ };
  yield { what: "a gigabyte of zeros", parts: one([{ bytes: new Uint8Array(1024), times: 2 ** 20, weights: true }]), refusal: /zeros/ };
  yield {
    what: "text with control characters",
    parts: one([{ bytes: Uint8Array.of(0x41, 0x7f, 0x9b, 0x85, 0x42) }]),
    refusal: /looks like text/,
  };

  const lengths = [5n, 2n ** 20n, 2n ** 20n + 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 61n, 2n ** 64n - 1n];
  for (const length of lengths) {
    const parts = (v: Value): Parts => one(base.rebuilt({ hostile: v }));
    yield { what: `a string of ${length} bytes claimed`, parts: parts(value.string("text", length)), refusal: /./ };
    for (const type of [0, 3, 6, 7, 8, 10, 12]) {
      const bytes = new Uint8Array(3);
      yield { what: `an array of ${length} × type ${type} claimed`, parts: parts(value.claimedArray(type, length, bytes)), refusal: /./ };
    }
    const key = Buffer.concat([text("", length), Buffer.alloc(40)]);
    yield { what: `a key of ${length} bytes claimed`, parts: bareEntries(key), refusal: /./ };
  }
  for (const type of [13, 255, 2 ** 31, 2 ** 32 - 1]) {
    yield {
      what: `a value of type ${type}`,
      parts: one(base.rebuilt({ hostile: value.raw(type) })),
      refusal: /type \d+, which GGUF does not define/,
    };
    const array = value.claimedArray(type, 1n);
    yield {
      what: `an array of type ${type}`,
      parts: one(base.rebuilt({ hostile: array })),
      refusal: /type \d+, which GGUF does not define/,
    };
  }
  for (const depth of [1, 2, 100, 100_000]) {
    const level = value.claimedArray(9, 1n).bytes;
    const bytes = new Uint8Array(level.length * depth);
    for (let i = 0; i < depth; i++) bytes.set(level, i * level.length);
    yield { what: `arrays nested ${depth} deep`, parts: one(base.rebuilt({ hostile: { type: 9, bytes } })), refusal: /array of arrays/ };
  }
  for (const n of [2, 128, 255]) yield { what: `a bool of ${n}`, parts: one(base.rebuilt({ hostile: value.bool(n) })), refusal: /bool/ };
  yield {
    what: "a string of invalid UTF-8",
    parts: one(base.rebuilt({ hostile: value.string(Uint8Array.of(0xc3, 0x28)) })),
    refusal: /UTF-8/,
  };
  yield { what: "a key of invalid UTF-8", parts: bareEntries(text(Uint8Array.of(0xff, 0xfe))), refusal: /UTF-8/ };
  yield { what: "an empty key", parts: one(base.rebuilt({ "": value.u8(1) })), refusal: /no key/ };
  const twice = (key: string): Parts => one(base.rebuilt({}, { moreMetadata: [[key, value.u8(1)]] }));
  yield { what: "a key twice", parts: twice("general.architecture"), refusal: /"general\.architecture" occurs twice/ };
  const controls = `\u0000\u0007\n\r\u001b[2J\u007f\u0085\u009b\u2028\u2029`;
  yield { what: "a key of control characters", parts: one(base.rebuilt({ [controls]: value.raw(77) })), refusal: /type 77/ };
  yield {
    what: "a long key of control characters",
    parts: one(base.rebuilt({ [controls.repeat(500)]: value.raw(77) })),
    refusal: /type 77/,
  };
  yield { what: "a key of 70 000 bytes", parts: one(base.rebuilt({ ["k".repeat(70_000)]: value.u8(1) })), refusal: /limit/ };
  for (const key of ["__proto__", "constructor", "toString"]) {
    yield { what: `the key ${key}`, parts: one(base.rebuilt(Object.fromEntries([[key, value.string("x")]]))), sound: true };
  }
  for (const alignment of [0n, 1n, 3n, 4n, 31n, 33n, 48n, 2n ** 20n + 1n, 2n ** 21n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 63n]) {
    yield { what: `alignment ${alignment}`, parts: one(base.rebuilt({ "general.alignment": value.u64(alignment) })), refusal: /./ };
  }
  for (const wrong of wrongValues(32)) {
    yield { what: `alignment ${wrong.what}`, parts: one(base.rebuilt({ "general.alignment": wrong.value })), refusal: /./ };
  }
}

/** A file of one metadata entry that begins with these bytes. */
const bareEntries = (bytes: Uint8Array): Parts => one([{ bytes: ggufBytes({ metadataCount: 1n }) }, { bytes }]);

function* tensorTables(base: Base): Generator<HostileFile> {
  const { tensors } = base.apart;
  const names = ["token_embd.weight", "blk.1.ffn_down_exps.weight", "blk.0.attn_norm.weight"];
  const huge = [2n ** 16n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 32n];
  for (const name of names) {
    const changed = (what: string, change: Partial<HandMadeTensor>, refusal: RegExp = /./): HostileFile => ({
      what: `${name} ${what}`,
      parts: one(base.retensored(name, change)),
      refusal,
    });
    const { dimensions, offset } = tensors.find((t) => t.name === name) ?? aTensor(name);
    for (let d = 0; d < dimensions.length; d++) {
      yield changed(`with dimension ${d} of 0`, { dimensions: dimensions.with(d, 0n) }, /dimension of zero/);
      yield changed(`with dimension ${d} of 1`, { dimensions: dimensions.with(d, 1n) });
      yield changed(`with dimension ${d} halved`, { dimensions: dimensions.with(d, (dimensions[d] ?? 0n) / 2n) });
      for (const n of huge) yield changed(`with dimension ${d} of ${n}`, { dimensions: dimensions.with(d, n) });
    }
    // Products that are small, zero or right once they have gone around at 2^64.
    yield changed("whose weights overflow to 0", { dimensions: [2n ** 32n, 2n ** 32n] }, /more weights than any file/);
    yield changed("whose weights overflow to 256", { dimensions: [256n, 2n ** 32n + 1n, 2n ** 32n] }, /more weights than any file/);
    yield changed(
      "whose weights pass every float",
      { dimensions: [2n ** 52n, 2n ** 52n, 2n ** 52n, 2n ** 52n] },
      /more weights than any file/,
    );
    for (const count of [0, 5, 255, 2 ** 32 - 1]) yield changed(`of ${count} dimensions`, { dimensionCount: count });
    yield changed("of five dimensions", { dimensions: [32n, 1n, 1n, 1n, 1n] }, /5 dimensions/);
    if (dimensions.length > 1) yield changed("transposed", { dimensions: dimensions.toReversed() });
    for (const n of huge) yield changed(`at offset ${n}`, { offset: n });
    yield changed("off the alignment", { offset: offset + 16n }, /no multiple of the alignment/);
    yield changed("on the next tensor", { offset: offset + 32n }, /./);
    yield changed("on the first tensor", { offset: name === "token_embd.weight" ? 4096n : 0n }, /overlap/);
    for (const type of [4, 5, 9, 10, 16, 20, 24, 28, 34, 40]) yield changed(`of type ${type}`, { type }, /not supported/);
    for (const type of [43, 99, 255, 2 ** 31, 2 ** 32 - 1]) yield changed(`of type ${type}`, { type }, /does not define/);
    for (const type of [0, 1, 3, 6, 7, 8, 12, 13, 14, 30, 39]) {
      if (type !== 0 || !name.endsWith("norm.weight"))
        yield { what: `${name} of type ${type}`, parts: one(base.retensored(name, { type })) };
    }
    yield changed("without a name", { name: "" }, /no name/);
    yield changed("with a name of 65 bytes", { name: "n".repeat(65) }, /limit/);
    yield changed("with a name of control characters", { name: "\u0000\n\u001b[31m\u009b\u2028", type: 99 }, /type 99/);
    yield changed("with a name of invalid UTF-8", { name: Uint8Array.of(0x61, 0xff) }, /UTF-8/);
    yield changed("left out", { name: "unheard.of" }, /missing|neither/);
  }
  const again = { ...(tensors[0] ?? aTensor("a")) };
  yield { what: "a tensor twice, on itself", parts: one(base.rebuilt({}, { tensors: [...tensors, again] })), refusal: /./ };
  yield {
    what: "a tensor's name twice",
    parts: one(base.rebuilt({}, { tensors: [...tensors.slice(1), { ...again, name: "blk.0.attn_norm.weight" }] })),
    refusal: /occurs twice/,
  };
  yield { what: "tensors in reverse", parts: one(base.rebuilt({}, { tensors: tensors.toReversed() })), sound: true };
  for (const name of ["blk.0.shortconv.conv.bias", "rope_freqs.weight", "blk.0.attn_q.weight", "blk.1.shortconv.conv.weight"]) {
    const extra = { name, dimensions: [1n], type: 0, offset: BigInt(base.data.length) };
    const pieces = [...base.rebuilt({}, { tensors: [...tensors, extra] }), { bytes: new Uint8Array(32) }];
    yield { what: `a tensor ${name} too many`, parts: one(pieces), refusal: /./ };
  }
}

function* splits(base: Base): Generator<HostileFile> {
  const { tensors } = base.apart;
  const half = Math.floor(tensors.length / 2);
  const boundary = Number(tensors[half]?.offset ?? 0n);
  const keys = (no: number, count = 2): Record<string, Value> => ({
    "split.no": value.u16(no),
    "split.count": value.u16(count),
    "split.tensors.count": value.i32(tensors.length),
  });
  const padded = (head: Uint8Array, data: Uint8Array): Piece[] => [
    { bytes: head },
    { bytes: new Uint8Array(31 & -head.length) },
    { bytes: data },
  ];
  const first = (metadata = keys(0)): Piece[] =>
    padded(
      ggufBytes({ metadata: { ...base.apart.metadata, ...metadata }, tensors: tensors.slice(0, half), dataBytes: 0 }),
      base.data.subarray(0, boundary),
    );
  const rest = tensors.slice(half).map((t) => ({ ...t, offset: t.offset - BigInt(boundary) }));
  const second = (metadata: Record<string, Value | undefined> = keys(1), some = rest): Piece[] => {
    const present = Object.entries(metadata).filter((e): e is [string, Value] => e[1] !== undefined);
    return padded(ggufBytes({ metadata: Object.fromEntries(present), tensors: some, dataBytes: 0 }), base.data.subarray(boundary));
  };
  const files = (what: string, parts: readonly (readonly Piece[] | undefined)[], refusal?: RegExp, of = parts.length): HostileFile => ({
    what: `split: ${what}`,
    parts: new Map(parts.flatMap((pieces, i) => (pieces ? [[splitName("hostile", i + 1, of), pieces] as const] : []))),
    ...(refusal ? { refusal } : { sound: true }),
  });
  yield files("whole", [first(), second()]);
  yield files("the second part missing", [first(), undefined], /part 2 of 2 .* no such file/);
  yield files("the first part missing", [undefined, second()], /./);
  yield files("exchanged", [second(), first()], /./);
  yield files("the first twice", [first(), first()], /split\.no 0/);
  yield files("the second twice", [second(), second()], /./);
  yield files("renumbered from 1", [first(keys(1)), second(keys(2))], /split\.no/);
  yield files("renumbered at the end", [first(), second(keys(7))], /split\.no/);
  yield files("another count in the second", [first(), second(keys(1, 3))], /split\.count/);
  yield files("another count than in the name", [first(keys(0, 3)), second(keys(1, 3))], /its name 2/);
  yield files("a count of 0", [first(keys(0, 0)), second()], /split\.count is 0/);
  yield files("a count of 65 535", [first(keys(0, 65_535)), second()], /split\.count is 65535/);
  yield files("another model's part", [first(), second({ ...keys(1), "general.name": value.string("other") })], /mixed/);
  yield files("another architecture's part", [first(), second({ ...keys(1), "general.architecture": value.string("llama") })], /mixed/);
  yield files("a part without split.no", [first(), second({ ...keys(1), "split.no": undefined })], /split\.no/);
  yield files(
    "a tensor in both",
    [first(), second(keys(1), [...rest.slice(1), { ...(rest[0] ?? aTensor("a")), name: tensors[0]?.name ?? "a" }])],
    /occurs twice/,
  );
  yield files("a tensor too few", [first(), second(keys(1), rest.slice(1))], /tensors/);
  yield files("the whole file twice", [base.rebuilt(), base.rebuilt()], /./);
  yield files("the second part cut", [first(), cut(second(), 60)], /part 2 of 2/);
  yield files("the second part's weights cut", [first(), cut(second(), lengthOf(second()) - 1)], /part 2 of 2/);
  yield files("the second part empty", [first(), []], /part 2 of 2/);
  for (const { what, value: v } of wrongValues(0)) {
    yield files(`split.no ${what}`, [first({ ...keys(0), "split.no": v }), second()], /./);
    yield files(`split.count ${what}`, [first({ ...keys(0), "split.count": v }), second()], /./);
    yield files(`split.tensors.count ${what}`, [first({ ...keys(0), "split.tensors.count": v }), second()], /./);
  }
}

/** Values of other types and other sizes than any key wants. `good` is left out where a number is. */
function* wrongValues(good: number): Generator<{ what: string; value: Value }> {
  yield { what: "of text", value: value.string(`${good}`) };
  yield { what: "of control characters", value: value.string("\u0000\u001b]0;\u0007\u009b\n".repeat(40)) };
  yield { what: "in an array", value: value.array(value.u32(good)) };
  yield { what: "in an array of text", value: value.array(value.string(`${good}`)) };
  yield { what: "true", value: value.bool(1) };
  yield { what: "−1", value: value.i32(-1) };
  yield { what: "a fraction", value: value.f32(good + 0.5) };
  yield { what: "NaN", value: value.f32(Number.NaN) };
  yield { what: "infinite", value: value.f64(Number.POSITIVE_INFINITY) };
  yield { what: "2^53 − 1", value: value.u64(2n ** 53n - 1n) };
  yield { what: "2^64 − 1", value: value.u64(2n ** 64n - 1n) };
}

/** Every key that the configuration is read from (src/weights/read-config.ts), with every wrong value. */
function* configurations(base: Base): Generator<HostileFile> {
  const must = [
    "block_count",
    "context_length",
    "embedding_length",
    "attention.head_count",
    "attention.head_count_kv",
    "expert_count",
    "expert_used_count",
    "leading_dense_block_count",
    "rope.freq_base",
    "attention.layer_norm_rms_epsilon",
  ];
  const may = [
    "vocab_size",
    "feed_forward_length",
    "expert_feed_forward_length",
    "shortconv.l_cache",
    "attention.key_length",
    "attention.value_length",
    "rope.dimension_count",
    "attention.causal",
    "attention.sliding_window",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scale_linear",
    "expert_gating_func",
    "expert_weights_norm",
    "expert_weights_scale",
    "expert_shared_count",
    "expert_group_count",
  ];
  const general = ["architecture", "name", "file_type", "license", "license.name", "quantization_version"].map((key) => `general.${key}`);
  for (const key of must)
    yield { what: `${key} missing`, parts: one(base.rebuilt({ [`${base.prefix}.${key}`]: undefined })), refusal: /it has no/ };
  for (const key of [...general, ...[...must, ...may].map((k) => `${base.prefix}.${k}`)]) {
    for (const { what, value: v } of [...wrongValues(3), { what: "0", value: value.u32(0) }, { what: "tiny", value: value.f32(1e-45) }]) {
      yield { what: `${key} ${what}`, parts: one(base.rebuilt({ [key]: v })), sound: true };
    }
  }
  const schedules: readonly (readonly number[])[] = [
    [],
    [0, 2, 0],
    [0, 2, 0, 2, 0],
    [2, 0, 2, 0],
    [0, 2, 0, 4],
    [0, 2, 0, -2],
    [0, 3, 0, 3],
    [0, 2 ** 30, 0, 2 ** 30],
  ];
  for (const heads of schedules) {
    const counts = heads.length > 0 ? value.array(...heads.map(value.i32)) : value.emptyArray(5);
    yield {
      what: `KV heads ${heads.join(" ")}`,
      parts: one(base.rebuilt({ [`${base.prefix}.attention.head_count_kv`]: counts })),
      refusal: /./,
    };
  }
}

function* tokenizers(base: Base): Generator<HostileFile> {
  const key = (name: string): string => `tokenizer.ggml.${name}`;
  const tokens = stringsOf(base.apart.metadata[key("tokens")]);
  const merges = stringsOf(base.apart.metadata[key("merges")]);
  const changed = (what: string, metadata: Readonly<Record<string, Value | undefined>>, refusal?: RegExp): HostileFile => ({
    what: `tokenizer: ${what}`,
    parts: one(base.rebuilt(metadata)),
    ...(refusal ? { refusal } : { sound: true }),
  });
  const array = (strings: readonly string[]): Value => value.array(...strings.map((s) => value.string(s)));
  for (const name of ["model", "pre", "tokens", "token_type", "merges"]) yield changed(`no ${name}`, { [key(name)]: undefined }, /missing/);
  for (const name of [
    "model",
    "pre",
    "tokens",
    "token_type",
    "merges",
    "scores",
    "bos_token_id",
    "eos_token_id",
    "padding_token_id",
    "add_bos_token",
  ]) {
    for (const { what, value: v } of wrongValues(3)) yield changed(`${name} ${what}`, { [key(name)]: v });
  }
  yield changed("another model", { [key("model")]: value.string("llama") }, /supported is "gpt2"/);
  yield changed("another pre", { [key("pre")]: value.string("\u009b\u2028\u0000".repeat(99)) }, /supported is "lfm2"/);
  for (const id of [tokens.length, 2 ** 31, 2 ** 32 - 1]) yield changed(`BOS of ${id}`, { [key("bos_token_id")]: value.u32(id) }, /./);

  const withToken = (i: number, token: string): Value => array(tokens.with(i, token));
  yield changed("a token too few", { [key("tokens")]: array(tokens.slice(1)) }, /./);
  yield changed("a token too many", { [key("tokens")]: array([...tokens, "more"]) }, /./);
  yield changed("all tokens the same", { [key("tokens")]: array(tokens.map(() => "a")) }, /same text/);
  yield changed("all tokens empty", { [key("tokens")]: array(tokens.map(() => "")) }, /0 characters/);
  yield changed(
    "tokens of control characters twice",
    { [key("tokens")]: array(tokens.with(900, "\u009b\u2028\u0085".repeat(30)).with(901, "\u009b\u2028\u0085".repeat(30))) },
    /./,
  );
  yield changed("a token of 10 000 characters", { [key("tokens")]: withToken(900, "x".repeat(10_000)) }, /10000 characters/);
  yield changed(
    "a token of invalid UTF-8",
    { [key("tokens")]: value.array(...tokens.map((t, i) => value.string(i === 900 ? Uint8Array.of(0xe2, 0x82) : t))) },
    /UTF-8/,
  );
  yield changed(
    "a token of lone surrogates",
    { [key("tokens")]: value.array(...tokens.map((t, i) => value.string(i === 900 ? Uint8Array.of(0xed, 0xa0, 0x80) : t))) },
    /UTF-8/,
  );
  for (const name of ["__proto__", "constructor", "hasOwnProperty"])
    yield changed(`a token ${name}`, { [key("tokens")]: withToken(900, name) });

  const types = (type: number): Value => value.array(...tokens.map(() => value.i32(type)));
  for (const type of [-1, 0, 7, 2 ** 31 - 1]) yield changed(`token types of ${type}`, { [key("token_type")]: types(type) }, /type/);
  for (const type of [2, 3, 4, 5, 6]) yield changed(`token types of ${type}`, { [key("token_type")]: types(type) });
  yield changed("token types as floats", { [key("token_type")]: value.array(...tokens.map(() => value.f32(1))) }, /integers/);
  yield changed("a token type too few", { [key("token_type")]: value.array(...tokens.slice(1).map(() => value.i32(1))) }, /token types/);

  const merge = (what: string, line: string, refusal?: RegExp): HostileFile =>
    changed(`a merge ${what}`, { [key("merges")]: array(merges.with(5, line)) }, refusal);
  yield merge("of nothing", "", /two pieces/);
  yield merge("of a space", " ", /two pieces/);
  yield merge("of one piece", "abc", /two pieces/);
  yield merge("of three pieces", "a b c", /two pieces/);
  yield merge("of unknown pieces", "zqzq qzqz", /no token/);
  yield merge("of control characters", "\u009b\u2028\u0085 \u0000\u001b".repeat(30), /two pieces/);
  yield merge("that is there already", merges[0] ?? "");
  yield changed("no merges at all", { [key("merges")]: value.emptyArray(8) });
  yield changed("merges in reverse", { [key("merges")]: array(merges.toReversed()) });
}

function stringsOf(v: Value | undefined): string[] {
  if (!v) return [];
  const view = new DataView(v.bytes.buffer, v.bytes.byteOffset, v.bytes.byteLength);
  const strings: string[] = [];
  for (let at = 12; at < v.bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    strings.push(new TextDecoder().decode(v.bytes.subarray(at + 8, at + 8 + length)));
    at += 8 + length;
  }
  return strings;
}

export function* hostileTemplates(): Generator<HostileFile> {
  const base = new Base("tiny-dense-Q4_0.gguf");
  const changed = (what: string, template: Value, refusal?: RegExp): HostileFile => ({
    what: `chat template: ${what}`,
    parts: one(base.rebuilt({ "tokenizer.chat_template": template })),
    ...(refusal ? { refusal } : { sound: true }),
  });
  for (const { what, value: v } of wrongValues(3)) {
    const isText = v.type === 8;
    yield changed(what, v, isText ? undefined : /./);
  }
  const deep = (n: number): string => `{{ ${"(".repeat(n)}1${")".repeat(n)} }}`;
  const refused: readonly string[] = [
    "{{",
    "{%",
    "{% if %}",
    "{% for x in %}",
    "{% endif %}",
    "{{ 1 + }}",
    "{% if x %}",
    "{{ '\u0007\u009b",
    "{% frobnicate %}",
    deep(100_000),
  ];
  for (const template of refused) yield changed(template.slice(0, 20), value.string(template), /chat template/);
  const odd: readonly string[] = [
    "",
    " ".repeat(100_000),
    "{#".repeat(50_000),
    "{% for i in range(1000000000) %}x{% endfor %}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(90) %}{% set ns.l = ns.l + [range(10000)] %}{% endfor %}",
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
    "{{ raise_exception('\u0000\u001b[2J\n\u009b') }}",
    "{{ messages[0]['content'].constructor.constructor('return process')() }}",
    "{{ 9999999999999999999999 * 'x' }}",
    deep(300),
    "{{ [".repeat(2000),
    "<think>".repeat(10_000),
  ];
  for (const template of odd) yield { ...changed(template.slice(0, 20), value.string(template)) };
  yield changed("of invalid UTF-8", value.string(Uint8Array.of(0xff)), /UTF-8/);
  yield changed("of a megabyte", value.string("{{ 1 }}".repeat(150_000)), /./);
}

const repeated = (bytes: Uint8Array, times: number): Uint8Array =>
  new Uint8Array(Buffer.concat(Array.from({ length: times }, () => bytes)));

const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);

/** Real bytes that a reader could make much more of: small values that each become an object, or lists that become tables. */
export function largeHeaders(): HostileFile[] {
  const base = new Base("tiny-dense-Q4_0.gguf");
  const { metadata, tensors } = base.apart;
  const most = 2 ** 19; // elements of one array (src/gguf/metadata.ts)
  /** An entry of these elements, as pieces. */
  const arrayEntry = (key: string, type: number, element: Uint8Array, times: number): Piece[] => [
    { bytes: new Uint8Array(Buffer.concat([text(key), u32(9), u32(type), u64(times)])) },
    { bytes: repeated(element, times / 1024), times: 1024 }, // of one byte each, pieces are slow
  ];
  /** The fixture's metadata, then these entries, then its tensors. */
  const withEntries = (entries: readonly (readonly Piece[])[], without: readonly string[] = [], count = entries.length): Piece[] => {
    const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !without.includes(key)));
    const before = ggufBytes({
      metadata: kept,
      metadataCount: BigInt(Object.keys(kept).length + count),
      tensorCount: BigInt(tensors.length),
    });
    const after = ggufBytes({ tensors, dataBytes: 0 }).subarray(24);
    const head = [{ bytes: before }, ...entries.flat(), { bytes: after }];
    return [...head, { bytes: new Uint8Array(31 & -lengthOf(head)) }, { bytes: base.data, weights: true }];
  };
  const many = (n: number, entry: (i: number) => readonly Piece[]): (readonly Piece[])[] => Array.from({ length: n }, (_, i) => entry(i));
  const file = (what: string, pieces: readonly Piece[], refusal?: RegExp): HostileFile => ({
    what,
    parts: one(pieces),
    ...(refusal && { refusal }),
  });

  // Texts that are known to the tokenizer, so that it does not stop at the first.
  const merge = text(stringsOf(metadata["tokenizer.ggml.merges"])[0] ?? "");
  const entry = (i: number): Piece[] => [{ bytes: new Uint8Array(Buffer.concat([text(`k${i}`), Uint8Array.of(0, 0, 0, 0, 7)])) }];
  const oneByOne = Array.from({ length: 65_000 - tensors.length }, (_, i) =>
    aTensor(`t${i}`, { dimensions: [1n], offset: BigInt(base.data.length + 32 * i) }),
  );
  const long = new TextEncoder().encode("€uro ".repeat(8));
  const longText = (i: number): Piece[] => [
    { bytes: new Uint8Array(Buffer.concat([text(`long${i}`), u32(8), u64(long.length * 2 ** 16)])) },
    { bytes: repeated(long, 256), times: 256 },
  ];
  const files = [
    file("a merge half a million times", withEntries([arrayEntry("tokenizer.ggml.merges", 8, merge, most)], ["tokenizer.ggml.merges"])),
    file("65 000 entries", withEntries(many(65_000, entry))),
    file("65 000 tensors", [
      ...base.rebuilt({}, { tensors: [...tensors, ...oneByOne] }),
      { bytes: repeated(new Uint8Array(32), oneByOne.length) },
    ]),
    file("15 million bools", withEntries(many(30, (i) => arrayEntry(`bools${i}`, 7, Uint8Array.of(1), most))), /bools, and the limit/),
    file("a million short texts", withEntries(many(2, (i) => arrayEntry(`texts${i}`, 8, text("Ġä"), most))), /limit/),
    file("ten million small numbers", withEntries(many(20, (i) => arrayEntry(`numbers${i}`, 0, Uint8Array.of(7), most)))),
    file("a million large numbers", withEntries(many(2, (i) => arrayEntry(`numbers${i}`, 10, new Uint8Array(8), most)))),
    file("eight long texts", withEntries(many(8, longText))),
    file("a hundred long texts", withEntries(many(100, longText)), /MiB that a header may have/),
  ];

  // A vocabulary of control tokens that have no beginning in common.
  const tokens = stringsOf(metadata["tokenizer.ggml.tokens"]);
  const types = new Int32Array((metadata["tokenizer.ggml.token_type"]?.bytes ?? new Uint8Array()).slice(12).buffer);
  const isByte = (token: string): boolean => token.length === 1;
  const special = tokens.map((token, i) => (isByte(token) || types[i] !== 1 ? token : String.fromCharCode(0x4e00 + i).repeat(256)));
  const specialTypes = tokens.map((token, i) => value.i32(isByte(token) ? (types[i] ?? 1) : 3));
  const vocabulary = {
    "tokenizer.ggml.tokens": value.array(...special.map((s) => value.string(s))),
    "tokenizer.ggml.token_type": value.array(...specialTypes),
    "tokenizer.ggml.merges": value.emptyArray(8),
  };
  return [...files, file("long control tokens", base.rebuilt(vocabulary))];
}
