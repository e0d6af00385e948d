import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WeightsError } from "../src/errors.ts";
import { openFile } from "../src/runtime/node-file-source.ts";
import type { WeightSource } from "../src/types.ts";
import { httpSource } from "../src/weights/http-source.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSource } from "../src/weights/open-source.ts";
import { startRangeServer } from "./range-server.ts";
import type { Fault, RangeServer } from "./range-server.ts";

const NAME = "model-00001-of-00002.gguf";
const SECOND = "model-00002-of-00002.gguf";
const bytes = Uint8Array.from({ length: 300_007 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const second = bytes.slice(0, 1000).toReversed();

let folder: string;
let server: RangeServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lfm-edge-source-"));
  await writeFile(join(folder, NAME), bytes);
  await writeFile(join(folder, SECOND), second);
  await writeFile(join(folder, "empty.gguf"), "");
  await mkdir(join(folder, "folder.gguf"));
  server = await startRangeServer(
    new Map([NAME, SECOND, "empty.gguf"].map((name, i) => [name, [bytes, second, new Uint8Array(0)][i] ?? bytes])),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const opened: WeightSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
});

/** Closes the source after the test. */
async function track(source: WeightSource | Promise<WeightSource>): Promise<WeightSource> {
  opened.push(await source);
  return source;
}

const http = (name = NAME): WeightSource => httpSource(`${server.url}${name}?token=secret`, { retryDelay: 1, idleTimeout: 200 });

const sources: [string, { open: () => Promise<WeightSource>; shards: boolean }][] = [
  ["a file", { open: () => openFile(join(folder, NAME)), shards: true }],
  ["HTTP", { open: async () => http(), shards: true }],
  ["an ArrayBuffer", { open: async () => memorySource(bytes.slice().buffer, { name: NAME }), shards: false }],
  ["a view", { open: async () => memorySource(new Uint8Array([9, ...bytes]).subarray(1), { name: NAME }), shards: false }],
  ["a Blob", { open: async () => memorySource(new File([bytes], NAME)), shards: false }],
];

describe.each(sources)("%s", (_, { open }) => {
  it("tells its name and size", async () => {
    const source = await track(open());
    expect(source.name).toBe(NAME);
    expect(await source.size(NAME)).toBe(bytes.length);
  });

  it.each([
    ["the first bytes", 0, 10],
    ["nothing", 5, 0],
    ["nothing at the end", bytes.length, 0],
    ["the middle", 123_456, 100_001],
    ["the last byte", bytes.length - 1, 1],
    ["everything", 0, bytes.length],
  ])("reads %s", async (_, offset, length) => {
    const source = await track(open());
    const around = new Uint8Array(length + 2).fill(170);
    await source.read(NAME, offset, around.subarray(1, length + 1));
    expect(around[0]).toBe(170);
    expect(around[length + 1]).toBe(170);
    expect(Buffer.from(around.subarray(1, length + 1)).equals(bytes.subarray(offset, offset + length))).toBe(true);
    if (!source.readSync) return;
    const again = new Uint8Array(length);
    source.readSync(NAME, offset, again);
    expect(again).toEqual(around.subarray(1, length + 1));
  });

  it("reads into shared memory", async () => {
    const source = await track(open());
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    await source.read(NAME, 1000, new Uint8Array(memory.buffer, 64, 5000));
    expect(Buffer.from(new Uint8Array(memory.buffer, 64, 5000)).equals(bytes.subarray(1000, 6000))).toBe(true);
  });

  it.each([
    ["past the end", bytes.length - 5, 6],
    ["far past the end", 2 ** 60, 1],
    ["before the start", -1, 4],
    ["at half a byte", 0.5, 4],
  ])("refuses to read %s", async (_, offset, length) => {
    const source = await track(open());
    await expectWeightsError(source.read(NAME, offset, new Uint8Array(length)), /were asked for, and it has 300007$/);
  });

  it("refuses a shard that it does not have", async () => {
    const source = await track(open());
    await expectWeightsError(source.size("other.gguf"), /other\.gguf/);
    await expectWeightsError(source.read("other.gguf", 0, new Uint8Array(1)), /other\.gguf/);
  });

  it("gives an aborted signal's own reason", async () => {
    const source = await track(open());
    const reason = new Error("no longer wanted");
    await expect(source.read(NAME, 0, new Uint8Array(9), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe.each(sources.filter(([, { shards }]) => shards))("%s", (_, { open }) => {
  it("reads the other parts of a split file", async () => {
    const source = await track(open());
    expect(await source.size(SECOND)).toBe(second.length);
    const target = new Uint8Array(second.length);
    await source.read(SECOND, 0, target);
    expect(target).toEqual(second);
  });

  it("refuses to read once closed", async () => {
    const source = await open();
    await source.close();
    await expectWeightsError(source.read(NAME, 0, new Uint8Array(1)), /was closed/);
  });
});

describe("files", () => {
  it("says what is wrong with a path", async () => {
    await expectWeightsError(openFile(join(folder, "none.gguf")), /there is no such file$/);
    await expectWeightsError(openFile(join(folder, NAME, "below.gguf")), /not a directory$/);
    await expectWeightsError(openFile(join(folder, "folder.gguf")), /it is a directory; name the \.gguf file in it$/);
    await expectWeightsError(openFile("/dev/null"), /not a regular file$/);
    await expectWeightsError(openFile(join(folder, "two\nlines")), /two\\u000alines: there is no such file$/);
  });

  it.skipIf(process.getuid?.() === 0)("names a missing permission", async () => {
    const path = join(folder, "secret.gguf");
    await writeFile(path, "x");
    await chmod(path, 0);
    await expectWeightsError(openFile(path), /permission denied$/);
  });

  it("stays in its folder", async () => {
    const source = await track(openFile(join(folder, NAME)));
    await expectWeightsError(source.size("../other.gguf"), /must lie in/);
  });

  it("notices that a file has become shorter", async () => {
    const path = join(folder, "shrinking.gguf");
    await writeFile(path, bytes);
    const source = await track(openFile(path));
    await truncate(path, 100);
    await expectWeightsError(source.read("shrinking.gguf", 50, new Uint8Array(100)), /has become shorter$/);
    expect(() => source.readSync?.("shrinking.gguf", 50, new Uint8Array(100))).toThrow(/has become shorter$/);
  });
});

/** A read that meets these faults, one a request. */
const readWith = async (...faults: (Fault | undefined)[]): Promise<Uint8Array> => {
  server.faults.splice(0, Infinity, undefined, ...faults); // the first request is for the size
  server.requests.length = 0;
  const target = new Uint8Array(100_000);
  const source = await track(http());
  await source.read(NAME, 500, target);
  return target;
};

describe("HTTP", () => {
  it.each<[string, Fault[]]>([
    ["a busy server", ["busy", "busy"]],
    ["a dropped connection", ["drop"]],
    ["several drops", ["drop", "drop", "busy", "drop"]],
    ["a silent connection", ["stall"]],
  ])("gets over %s", async (_, faults) => {
    expect(Buffer.from(await readWith(...faults)).equals(bytes.subarray(500, 100_500))).toBe(true);
  });

  it("takes up a dropped read where it stopped", async () => {
    await readWith("drop");
    expect(server.requests.map((r) => r.split(" ")[2])).toEqual(["bytes=0-0", "bytes=500-100499", "bytes=50500-100499"]);
  });

  it("gives up after five attempts", async () => {
    await expectWeightsError(readWith("busy", "busy", "busy", "busy", "busy"), /the server answered 503 \(5 attempts\)$/);
    expect(server.requests).toHaveLength(6);
  });

  it.each<[Fault, RegExp]>([
    ["no-ranges", /ignores range requests/],
    ["wrong-range", /bytes 500-100499 were asked for, and the server answered with "bytes 501-/],
    ["no-content-range", /Content-Range is ""/],
    ["too-long", /sent more than the 100000 bytes/],
    ["forbidden", /access was denied \(403\)/],
    ["new-etag", /has changed on the server/],
    ["new-size", /has changed on the server/],
  ])("refuses %s at once", async (fault, message) => {
    await expectWeightsError(readWith(fault), message);
    expect(server.requests).toHaveLength(2);
  });

  it("says that there are no ranges, or no file, at the first request", async () => {
    server.faults.splice(0, Infinity, "no-ranges");
    await expectWeightsError(http().size(NAME), /ignores range requests/);
    await expectWeightsError(http("none.gguf").size("none.gguf"), /\/models\/none\.gguf: there is no such file \(404\)$/);
  });

  it("keeps the query, and keeps it out of messages", async () => {
    server.requests.length = 0;
    const source = http("none.gguf");
    const error = await source.size("none.gguf").catch((e: unknown) => e);
    expect(String(error)).not.toContain("secret");
    expect(server.requests[0]).toContain("?token=secret");
  });

  it("sees that a file is empty", async () => {
    expect(await http("empty.gguf").size("empty.gguf")).toBe(0);
  });

  it("names a server that is not there", async () => {
    const source = httpSource("http://127.0.0.1:9/model.gguf", { retryDelay: 1, attempts: 2 });
    await expectWeightsError(source.size("model.gguf"), /the connection failed \(.+\) \(2 attempts\)$/);
  });

  it("stops a read that is under way", async () => {
    server.faults.splice(0, Infinity, undefined, "stall");
    const source = httpSource(`${server.url}${NAME}`);
    const controller = new AbortController();
    const read = source.read(NAME, 0, new Uint8Array(1000), controller.signal);
    const reason = new Error("no longer wanted");
    setTimeout(() => controller.abort(reason), 50);
    await expect(read).rejects.toBe(reason);
  });
});

/** The shard and the size behind an input. */
const read = async (input: Parameters<typeof openSource>[0]): Promise<[string, number]> => {
  const { source, shard } = await openSource(input, openFile);
  await track(source);
  return [shard, await source.size(source.name)];
};

describe("openSource", () => {
  it("takes what a model may be named by", async () => {
    const path = join(folder, NAME);
    expect(await read(path)).toEqual([NAME, bytes.length]);
    expect(await read(pathToFileURL(path))).toEqual([NAME, bytes.length]);
    expect(await read(pathToFileURL(path).href)).toEqual([NAME, bytes.length]);
    expect(await read(server.url + NAME)).toEqual([NAME, bytes.length]);
    expect(await read(new URL(server.url + NAME))).toEqual([NAME, bytes.length]);
    expect(await read(bytes)).toEqual(["memory.gguf", bytes.length]);
    expect(await read(bytes.slice().buffer)).toEqual(["memory.gguf", bytes.length]);
    expect(await read(new Blob([bytes]))).toEqual(["memory.gguf", bytes.length]);
    expect(await read(memorySource(bytes, { name: "mine.gguf" }))).toEqual(["mine.gguf", bytes.length]);
  });

  it("starts a split model at its first part", async () => {
    expect((await openSource(join(folder, SECOND), openFile)).shard).toBe(NAME);
    expect((await openSource(server.url + SECOND, openFile)).shard).toBe(NAME);
  });

  it("refuses the rest", async () => {
    await expectWeightsError(openSource("", openFile), /path is empty/);
    await expectWeightsError(openSource("ftp://host/model.gguf", openFile), /ftp: addresses are not read/);
    await expectWeightsError(openSource("http://", openFile), /not a valid URL/);
    await expect(openSource(7 as never, openFile)).rejects.toThrow(TypeError);
  });
});

async function expectWeightsError(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
}
