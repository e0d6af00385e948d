/** Files through node:fs, which Node, Deno and Bun have. Positional reads straight into the target: the OS page cache is the only other copy. */
import { closeSync, fstatSync, openSync, read as readCallback, readSync as readSyncOnce } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import type { WeightSource } from "../types.ts";
import { checkRange } from "../weights/source.ts";

// Linux moves at most 2^31 − 4096 bytes in one call; smaller steps let an abort through.
const LARGEST_READ = 64 * 2 ** 20;

interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

/**
 * Opens a file by path or file:// URL. Its shards are the files of its folder: the source's name is the file's own, and the parts of a split
 * model lie beside it. Throws WeightsError where the file is missing, a directory, or not readable.
 */
export async function openFile(path: string): Promise<WeightSource> {
  const file = path.startsWith("file://") ? fileURLToPath(path) : path;
  const folder = dirname(file);
  const name = basename(file);
  const files = new Map<string, OpenFile>();
  let closed = false;

  const open = (shard: string): OpenFile => {
    if (closed) throw new WeightsError(`Cannot read ${printable(shard)}: its source was closed`);
    const known = files.get(shard);
    if (known) return known;
    if (basename(shard) !== shard) throw new WeightsError(`Cannot open ${printable(shard)}: a shard must lie in ${printable(folder)}`);
    const opened = openOne(join(folder, shard));
    files.set(shard, opened);
    return opened;
  };

  open(name);
  return {
    name,
    size: async (shard) => open(shard).size,
    read: async (shard, offset, target, signal) => {
      const { descriptor, size } = open(shard);
      checkRange(shard, offset, target.length, size);
      let done = 0;
      while (done < target.length) {
        signal?.throwIfAborted();
        const bytes = await readOnce(descriptor, target, done, Math.min(target.length - done, LARGEST_READ), offset + done, shard);
        if (bytes === 0) throw truncated(shard, offset + done, size);
        done += bytes;
      }
    },
    readSync: (shard, offset, target) => {
      const { descriptor, size } = open(shard);
      checkRange(shard, offset, target.length, size);
      let done = 0;
      while (done < target.length) {
        const bytes = readOnceSync(descriptor, target, done, Math.min(target.length - done, LARGEST_READ), offset + done, shard);
        if (bytes === 0) throw truncated(shard, offset + done, size);
        done += bytes;
      }
    },
    close: async () => {
      closed = true;
      for (const { descriptor } of files.values()) closeSync(descriptor);
      files.clear();
    },
  };
}

function openOne(path: string): OpenFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw new WeightsError(`Cannot open ${printable(path)}: ${reason(error)}`, { cause: error });
  }
  const stat = fstatSync(descriptor);
  if (stat.isFile()) return { descriptor, size: stat.size };
  closeSync(descriptor);
  throw new WeightsError(
    `Cannot open ${printable(path)}: it is ${stat.isDirectory() ? "a directory; name the .gguf file in it" : "not a regular file"}`,
  );
}

function readOnce(descriptor: number, target: Uint8Array, at: number, length: number, position: number, shard: string): Promise<number> {
  return new Promise((resolve, reject) => {
    readCallback(descriptor, target, at, length, position, (error, bytes) => {
      if (error) reject(new WeightsError(`Cannot read ${printable(shard)} at byte ${position}: ${reason(error)}`, { cause: error }));
      else resolve(bytes);
    });
  });
}

function readOnceSync(descriptor: number, target: Uint8Array, at: number, length: number, position: number, shard: string): number {
  try {
    return readSyncOnce(descriptor, target, at, length, position);
  } catch (error) {
    throw new WeightsError(`Cannot read ${printable(shard)} at byte ${position}: ${reason(error)}`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "it is a directory; name the .gguf file in it",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EMFILE: "too many files are open",
};

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
}

function truncated(shard: string, offset: number, size: number): WeightsError {
  return new WeightsError(`Cannot read ${printable(shard)} at byte ${offset}: the file had ${size} bytes and has become shorter`);
}
