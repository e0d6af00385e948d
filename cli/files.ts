/** Small files of the user's: prompts, tools, templates, conversations. */
import { createReadStream } from "node:fs";
import { realpath, rename, rm, stat, writeFile } from "node:fs/promises";

/** Far above any context; a model given in place of a prompt is refused before it is read. */
const MAX_TEXT_BYTES = 64 * 2 ** 20;

/** UTF-8 text of a file. @throws {Error} One line: why it cannot be read. */
export function readText(path: string): Promise<string> {
  return collect(createReadStream(path), path);
}

/** All of standard input. @throws {Error} */
export function readStdin(): Promise<string> {
  return collect(process.stdin, "standard input");
}

/** @throws {Error} One line: why it cannot be read, or where it is no JSON. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`Cannot read ${path}: it is not JSON: ${error instanceof Error ? error.message : ""}`, { cause: error });
  }
}

/** Writes a file that is whole or not there; a pipe or a device is written to, and a link stays one. @throws {Error} One line. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  let unfinished: string | undefined;
  try {
    const there = await stat(path).catch(() => undefined);
    if (there && !there.isFile()) return await writeFile(path, bytes);
    const file = there ? await realpath(path) : path;
    unfinished = `${file}.${process.pid}.part`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, file);
  } catch (error) {
    if (unfinished !== undefined) await rm(unfinished, { force: true });
    throw new Error(`Cannot write ${path}: ${reason(error)}`, { cause: error });
  }
}

async function collect(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_TEXT_BYTES) break;
    }
  } catch (error) {
    throw new Error(`Cannot read ${name}: ${reason(error)}`, { cause: error });
  }
  if (bytes > MAX_TEXT_BYTES) throw new Error(`Cannot read ${name}: it has more than the ${MAX_TEXT_BYTES} bytes of a text that is read`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new Error(`Cannot read ${name}: it is not UTF-8 text`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOSPC: "the disk is full",
};

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
