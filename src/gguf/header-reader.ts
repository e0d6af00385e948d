/**
 * Reads the start of one part of a model in growing pieces, and hands out its values in order.
 *
 * Every length is checked against the bytes that are left before anything is allocated for it. `available` and `fill` are apart, so that
 * the hundred thousands of short strings of a vocabulary cost no promise each:
 *
 *     if (reader.available < 8) await reader.fill(8);
 *     const length = reader.u64("a string's length");
 */
import { WeightsError } from "../errors.ts";
import type { WeightSource } from "../types.ts";
import { printable } from "./quote.ts";

/**
 * Metadata and tensor table of one part. A vocabulary of 128 000 with its merges takes 6 to 8 MiB. It also bounds what a hostile header
 * makes of its bytes: no more than four times as many (test/hostile-gguf.test.ts).
 */
export const MAX_HEADER_BYTES = 32 * 2 ** 20;

// Small enough for a small header, and six requests for one of 8 MiB over HTTP.
const FIRST_PIECE = 256 * 2 ** 10;
const LARGEST_PIECE = 4 * 2 ** 20;

export class HeaderReader {
  readonly shard: string;
  readonly size: number; // of the whole part, bytes
  readonly #source: WeightSource;
  readonly #signal: AbortSignal | undefined;
  readonly #onRead: (loaded: number) => void;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #start = 0; // of the unread bytes in #bytes
  #end = 0;
  #fetched = 0; // bytes of the part that were read from the source
  #piece = FIRST_PIECE;

  constructor(source: WeightSource, shard: string, size: number, signal: AbortSignal | undefined, onRead: (loaded: number) => void) {
    this.shard = shard;
    this.size = size;
    this.#source = source;
    this.#signal = signal;
    this.#onRead = onRead;
  }

  /** Bytes that can be taken without reading more. */
  get available(): number {
    return this.#end - this.#start;
  }

  /** The offset in the part of the next value. */
  get position(): number {
    return this.#fetched - this.available;
  }

  /** Bytes between here and the end of the part. */
  get left(): number {
    return this.size - this.position;
  }

  error(what: string): WeightsError {
    return new WeightsError(`Cannot read ${printable(this.shard)}: ${what}`);
  }

  /** Throws unless the part, and the longest header that is accepted, have `bytes` more; `what` begins the message. */
  expect(bytes: number, what: string): void {
    if (bytes > this.left) {
      throw this.error(
        `${what} at byte ${this.position} needs ${bytes} bytes, but the file ends after ${this.left} more; it may be cut short`,
      );
    }
    if (this.position + bytes > MAX_HEADER_BYTES) {
      throw this.error(`${what} at byte ${this.position} goes past the ${MAX_HEADER_BYTES >> 20} MiB that a header may have`);
    }
  }

  /** Makes `bytes` bytes available, or throws where the part has no more. */
  async fill(bytes: number, what = "a value"): Promise<void> {
    this.expect(bytes, what);
    const unread = this.available;
    if (unread >= bytes) return;
    const more = Math.min(this.size - this.#fetched, Math.max(bytes - unread, this.#piece));
    if (unread + more > this.#bytes.length) {
      const grown = new Uint8Array(unread + more);
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    }
    this.#signal?.throwIfAborted();
    await this.#source.read(this.shard, this.#fetched, this.#bytes.subarray(unread, unread + more), this.#signal);
    this.#start = 0;
    this.#end = unread + more;
    this.#fetched += more;
    this.#piece = Math.min(this.#piece * 2, LARGEST_PIECE);
    this.#onRead(this.#fetched);
  }

  /** The next bytes, a view that the next `fill` overwrites. They must be available, as for every method below. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(this.#start, this.#start + bytes);
    this.#start += bytes;
    return taken;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  i8(): number {
    return this.#view.getInt8(this.#advance(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  i16(): number {
    return this.#view.getInt16(this.#advance(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A 64-bit unsigned integer as a number; past 2^53 it could not be held exactly, and no real file has one. */
  u64(what: string): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high >= 2 ** 21) throw this.error(`${what} is ${this.#view.getBigUint64(at, true)}, and values of 2^53 and more are not accepted`);
    return high * 2 ** 32 + this.#view.getUint32(at, true);
  }

  i64(what: string): number {
    const at = this.#advance(8);
    const value = Number(this.#view.getBigInt64(at, true));
    if (!Number.isSafeInteger(value))
      throw this.error(`${what} is ${this.#view.getBigInt64(at, true)}, and values past 2^53 are not accepted`);
    return value;
  }

  /** The next `bytes` bytes as UTF-8. */
  text(bytes: number, what: string): string {
    const raw = this.take(bytes);
    try {
      return this.#utf8.decode(raw);
    } catch {
      throw this.error(`${what} at byte ${this.position - bytes} is not valid UTF-8`);
    }
  }

  /**
   * Adds to `strings` those of the next `count` length-prefixed strings that can be taken without reading more, up to one that is longer than
   * `limit` or begins in the middle of a character. They are decoded together: a call of the decoder for each takes longer than all the rest.
   */
  takeStrings(strings: string[], count: number, limit: number, what: string): void {
    const [bytes, view] = [this.#bytes, this.#view];
    let [taken, size, at] = [0, 0, this.#start];
    for (; taken < count && this.#end - at >= 8; taken++) {
      const length = view.getUint32(at, true);
      if (view.getUint32(at + 4, true) > 0 || length > limit || length > this.#end - at - 8) break;
      if (length > 0 && continues(bytes[at + 8]!)) break;
      size += length;
      at += 8 + length;
    }
    const joined = new Uint8Array(size);
    const ends = new Uint32Array(taken); // in UTF-16 units
    at = this.#start;
    for (let i = 0, to = 0, units = 0; i < taken; i++) {
      const end = at + 8 + view.getUint32(at, true);
      for (at += 8; at < end; at++) {
        const byte = bytes[at]!;
        joined[to++] = byte;
        if (!continues(byte)) units += byte < 0xf0 ? 1 : 2;
      }
      ends[i] = units;
    }
    let text: string;
    try {
      text = this.#utf8.decode(joined);
    } catch {
      // Which of them is it?
      for (let i = 0; i < taken; i++) strings.push(this.text(this.u64(what), what));
      return;
    }
    for (let i = 0, from = 0; i < taken; from = ends[i++]!) strings.push(text.slice(from, ends[i]));
    this.#start = at;
  }

  #advance(bytes: number): number {
    const at = this.#start;
    this.#start += bytes;
    return at;
  }
}

/** Whether a byte of UTF-8 is not the first of its character. */
const continues = (byte: number): boolean => (byte & 0xc0) === 0x80;
