/** What is shipped: which files, which kernels, how large. Of what was built last: `npm test` builds first. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { BANK_START } from "../src/wasm/kernels.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const MAX_KERNEL_BYTES = 150 * 2 ** 10;
const MAX_PACKAGE_BYTES = 12 * 2 ** 20; // unpacked

/** All that the host may call; reviewed when it changes. */
const EXPORTS = `
  add addScaled appendKv appendKvF16 appendKvQ8 attendPage attendPageF16 attendPageQ8 attentionBegin attentionEnd barrier blockExponentials blockMaxima firstMoment init logSumExp
  matmulBF16 matmulF16 matmulF32 matmulMXFP4 matmulQ4_0 matmulQ4_K matmulQ5_K matmulQ6_K matmulQ8_0 matmulQ8_1 memory
  packF16 packF32 packMXFP4 packQ4_0 packQ4_1 packQ4_K packQ5_0 packQ5_1 packQ5_K packQ6_K packQ8_0 quantizeRow256
  quantizeRow32 quantizeRow32Wide rmsNorm rope ropeFrequencies ropeTable router selectFrom shortConv softmax swiglu unpackRowBF16
  unpackRowF16 unpackRowF32 unpackRowMXFP4 unpackRowQ4_0 unpackRowQ4_K unpackRowQ5_K unpackRowQ6_K unpackRowQ8_0
  unpackRowQ8_1 waitWhile
`;

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  imports: Record<string, Record<string, string>>;
};

describe("the package", () => {
  let files: string[];
  let bytes: number;
  beforeAll(() => {
    const { stdout, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" });
    const [packed] = JSON.parse(stdout || "[]") as { files: { path: string }[]; unpackedSize: number }[];
    if (!packed) throw new Error(`npm pack did not answer: ${stderr}`);
    files = packed.files.map(({ path }) => path);
    bytes = packed.unpackedSize;
  });

  it("holds what was built, the default model, its licence, the manual and what npm wants, and nothing else", () => {
    const built = /^dist\/(src|worker|cli)\/.+\.(js|d\.ts)$|^dist\/build\/(plain|relaxed)\.wasm$/;
    const models = /^models\/(README\.md|lfm-edge-12m-Q4_0\.gguf)$/;
    const others = files.filter((path) => !built.test(path) && !models.test(path));
    expect(new Set(others)).toEqual(new Set(["package.json", "README.md", "LICENSE", "docs/http.md", "docs/serving.md"]));
    for (const path of ["dist/build/plain.wasm", "models/README.md", "models/lfm-edge-12m-Q4_0.gguf"]) expect(files).toContain(path);
    expect(bytes).toBeLessThan(MAX_PACKAGE_BYTES);
  });

  it("knows nothing of the machine that built it", () => {
    for (const path of files.filter((path) => path !== "README.md")) {
      const text = readFileSync(join(root, path), "latin1");
      expect(text.includes(root) || text.includes("sourceMappingURL"), path).toBe(false);
    }
  });

  it("has every file that its entries name", () => {
    const named = [manifest.bin, ...Object.values(manifest.exports), ...Object.values(manifest.imports)]
      .flatMap((entry) =>
        typeof entry === "string" ? [entry] : Object.entries(entry).flatMap(([on, path]) => (on === "source" ? [] : [path])),
      )
      .map((path) => path.replace("./", ""));
    expect(named.length).toBeGreaterThan(8);
    for (const path of named) expect(files).toContain(path);
    expect(readFileSync(join(root, manifest.bin["lfm-edge"]!), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("has entries that are what they say", async () => {
    const entry = async (name: string): Promise<string[]> => {
      const { default: path } = manifest.exports[name] as { default: string };
      return Object.keys((await import(join(root, path))) as object).toSorted((a, b) => a.localeCompare(b));
    };
    const errors = ["ContextLengthError", "OutOfMemoryError", "UnsupportedError", "WeightsError"];
    expect(new Set(await entry("."))).toEqual(new Set(["load", "parseReply", "createReplyParser", ...errors]));
    expect(await entry("./chat")).toEqual(expect.arrayContaining(["createReplyParser", "parseReply"]));
    expect(await entry("./server")).toEqual(expect.arrayContaining(["createApp"]));
  });
});

describe("the kernels", () => {
  const builds = ["plain", "relaxed"] as const;
  const wasm = (build: string): Buffer<ArrayBuffer> => {
    const path = join(root, `dist/build/${build}.wasm`);
    if (!existsSync(path)) throw new Error(`${path} is not there; npm run build makes it`);
    return Buffer.from(readFileSync(path));
  };

  it("export the same in both builds", () => {
    const [plain, relaxed] = builds.map((build) => WebAssembly.Module.exports(new WebAssembly.Module(wasm(build))));
    expect(relaxed).toEqual(plain);
    expect(new Set(plain!.map(({ name }) => name))).toEqual(new Set(EXPORTS.trim().split(/\s+/)));
  });

  it.each(builds)("import their memory and nothing else: %s", (build) => {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm(build)))).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  it.each(builds)("are small, and their constants lie below what is the bank's: %s", (build) => {
    const bytes = wasm(build);
    expect(bytes.length).toBeLessThan(MAX_KERNEL_BYTES);
    const segments = dataSegments(bytes);

    for (const { offset, length } of segments) {
      expect(offset).toBeGreaterThanOrEqual(1024); // asconfig's memoryBase
      expect(offset + length).toBeLessThanOrEqual(BANK_START);
    }
    expect(segments.length).toBeLessThan(8); // assert texts would be dozens
  });
});

/** The data section of a module: where its constants go in memory. */
function dataSegments(bytes: Uint8Array): { offset: number; length: number }[] {
  let at = 8; // magic and version
  const leb = (signed = false): number => {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return signed && byte & 0x40 && shift < 32 ? value | (-1 << shift) : signed ? value : value >>> 0;
  };
  const segments: { offset: number; length: number }[] = [];
  while (at < bytes.length) {
    const section = bytes[at++];
    const size = leb();
    const end = at + size;
    if (section === 11) {
      for (let left = leb(); left > 0; left--) {
        const mode = leb();
        if (mode !== 0) throw new Error(`a data segment of mode ${mode}, where 0 (active, memory 0) was expected`);
        if (bytes[at++] !== 0x41) throw new Error("a data segment whose offset is no i32.const");
        const offset = leb(true);
        if (bytes[at++] !== 0x0b) throw new Error("a data segment whose offset is no constant");
        const length = leb();
        segments.push({ offset, length });
        at += length;
      }
    }
    at = end;
  }
  return segments;
}
