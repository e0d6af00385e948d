/** Writes GGUF headers (ggml, docs/gguf.md). */
import { tensorTypes } from "../../src/gguf/tensor-types.ts";
import { ALIGNMENT } from "./layout.ts";
import type { SyntheticTensor } from "./layout.ts";

/** A value with the type that the file shall give it. */
export type TypedValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly i32s: ArrayLike<number> }
  | { readonly texts: readonly string[] };

const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** Everything before the data section, padding included. */
export function writeHeader(metadata: Readonly<Record<string, TypedValue>>, tensors: readonly SyntheticTensor[]): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  out.ascii("GGUF");
  out.u32(3);
  out.u64(tensors.length);
  out.u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    out.text(key);
    writeValue(out, value);
  }
  for (const { name, shape, type, offset } of tensors) {
    out.text(name);
    out.u32(shape.length);
    for (const dimension of shape) out.u64(dimension);
    out.u32(tensorTypes[type].id);
    out.u64(offset);
  }
  out.pad(ALIGNMENT);
  return out.bytes();
}

function writeValue(out: Writer, value: TypedValue): void {
  if ("u32" in value) {
    out.u32(U32);
    out.u32(value.u32);
  } else if ("f32" in value) {
    out.u32(F32);
    out.f32(value.f32);
  } else if ("bool" in value) {
    out.u32(BOOL);
    out.u8(value.bool ? 1 : 0);
  } else if ("text" in value) {
    out.u32(STRING);
    out.text(value.text);
  } else if ("i32s" in value) {
    out.u32(ARRAY);
    out.u32(I32);
    out.u64(value.i32s.length);
    for (let i = 0; i < value.i32s.length; i++) out.u32((value.i32s[i] ?? 0) >>> 0);
  } else {
    out.u32(ARRAY);
    out.u32(STRING);
    out.u64(value.texts.length);
    for (const text of value.texts) out.text(text);
  }
}

class Writer {
  #bytes = new Uint8Array(2 ** 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #encoder = new TextEncoder();

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }
  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }
  u64(value: number): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }
  f32(value: number): void {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value, true);
  }
  ascii(text: string): void {
    const encoded = this.#encoder.encode(text);
    const at = this.#grow(encoded.length);
    this.#bytes.set(encoded, at);
  }
  text(text: string): void {
    const encoded = this.#encoder.encode(text);
    this.u64(encoded.length);
    const at = this.#grow(encoded.length);
    this.#bytes.set(encoded, at);
  }
  pad(multiple: number): void {
    this.#grow((multiple - (this.#length % multiple)) % multiple);
  }

  /** The offset at which `count` new bytes begin. It may move the buffer: ask for it before touching that. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
