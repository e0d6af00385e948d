/** A model that is already in memory, or in a Blob (a file that a page was given): one shard, whatever name is asked for. */
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import type { WeightSource } from "../types.ts";
import { checkRange } from "./source.ts";

export interface MemorySourceOptions {
  /** Default: a File's own name, else "memory.gguf". */
  name?: string;
}

/** The bytes are not copied, and must not change while the source is in use. Reads of a Blob are asynchronous only. */
export function memorySource(data: ArrayBufferLike | Uint8Array | Blob, options: MemorySourceOptions = {}): WeightSource {
  if (data instanceof Blob) return blobSource(data, options.name ?? (data instanceof File ? data.name : "memory.gguf"));
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const name = options.name ?? "memory.gguf";
  const readSync = (shard: string, offset: number, target: Uint8Array): void => {
    checkShard(name, shard);
    checkRange(shard, offset, target.length, bytes.length);
    target.set(bytes.subarray(offset, offset + target.length));
  };
  return {
    name,
    size: async (shard) => {
      checkShard(name, shard);
      return bytes.length;
    },
    read: async (shard, offset, target, signal) => {
      signal?.throwIfAborted();
      readSync(shard, offset, target);
    },
    readSync,
    close: async () => {},
  };
}

function blobSource(blob: Blob, name: string): WeightSource {
  return {
    name,
    size: async (shard) => {
      checkShard(name, shard);
      return blob.size;
    },
    read: async (shard, offset, target, signal) => {
      signal?.throwIfAborted();
      checkShard(name, shard);
      checkRange(shard, offset, target.length, blob.size);
      const bytes = await blob.slice(offset, offset + target.length).arrayBuffer();
      signal?.throwIfAborted();
      if (bytes.byteLength !== target.length) {
        throw new WeightsError(
          `Cannot read ${printable(shard)} at byte ${offset}: expected ${target.length} bytes, found ${bytes.byteLength}`,
        );
      }
      target.set(new Uint8Array(bytes));
    },
    close: async () => {},
  };
}

function checkShard(name: string, shard: string): void {
  if (shard !== name) throw new WeightsError(`Cannot open ${printable(shard)}: only ${printable(name)} is in memory`);
}
