/** Who may import whom, and which files know a runtime. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = globSync("{src,worker,cli,assembly,test/reference}/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".d.ts"));
const text = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** What a file imports: paths from the root for our own modules, names for packages. */
function importsOf(file: string): string[] {
  const found = text
    .get(file)!
    .matchAll(/(?:^|[;\s])(?:import|export)\b[^;"]*?from\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|^import "([^"]+)"/gm);
  return [...found].map(([, a, b, c]) => {
    const name = (a ?? b ?? c)!;
    return name.startsWith(".") ? normalize(join(dirname(file), file.startsWith("assembly/") ? `${name}.ts` : name)) : name;
  });
}

/** By the longest prefix: what a file of that place may import of ours. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "cli/": ["cli/", "worker/", "src/", "#runtime"],
  "worker/": ["worker/", "src/index.ts", "src/chat/", "src/generate/options.ts"],
  "assembly/": ["assembly/"],
  "test/reference/": ["test/reference/"],
  "src/index.ts": ["src/"],
  "src/types.ts": [],
  "src/errors.ts": [],
  "src/generate/": ["src/", "#runtime"],
  "src/engine/": ["src/engine/", "src/wasm/", "src/weights/", "src/sampling/", "src/types.ts", "src/errors.ts"],
  "src/weights/": ["src/weights/", "src/gguf/", "src/wasm/", "src/types.ts", "src/errors.ts"],
  "src/wasm/": ["src/wasm/", "src/gguf/types.ts", "src/gguf/tensor-types.ts", "src/errors.ts", "#runtime"],
  "src/gguf/": ["src/gguf/", "src/types.ts", "src/errors.ts"],
  "src/chat/": ["src/chat/", "src/types.ts", "src/errors.ts"],
  "src/tokenizer/": ["src/tokenizer/", "src/gguf/types.ts", "src/gguf/quote.ts", "src/types.ts", "src/errors.ts"],
  "src/grammar/": ["src/grammar/", "src/types.ts", "src/errors.ts"],
  "src/sampling/": ["src/sampling/", "src/types.ts", "src/errors.ts"],
  // The only files of src/ that know a runtime: they are chosen by the package's imports map.
  "src/runtime/": [
    "src/runtime/",
    "src/wasm/builds.ts",
    "src/weights/source.ts",
    "src/gguf/quote.ts",
    "src/types.ts",
    "src/errors.ts",
    "build/",
  ],
};

describe("imports", () => {
  test.each(files)("%s", (file) => {
    const place = Object.keys(allowed)
      .filter((prefix) => file.startsWith(prefix))
      .sort((a, b) => b.length - a.length)[0];
    expect(place, "a place that the table does not know").toBeDefined();
    const ours = importsOf(file).filter(
      (name) => /^(src|worker|cli|assembly|build|test|bench|scripts)\//.test(name) || name.startsWith("#"),
    );
    expect(ours.filter((name) => !allowed[place!]!.some((prefix) => name.startsWith(prefix)))).toEqual([]);
  });

  test("have no cycle", () => {
    const runtimes = ["node", "web", "workerd"].map((name) => `src/runtime/${name}.ts`);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) throw new Error([...path.slice(path.indexOf(file)), file].join(" → "));
      if (done.has(file) || !text.has(file)) return;
      // Types are erased: only what runs can be caught half-made.
      const nexts = importsOf(file).filter((name) => !onlyTypes(file, name));
      for (const next of nexts) for (const one of next === "#runtime" ? runtimes : [next]) visit(one, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });
});

/** Whether all that a file imports from a module is types. */
function onlyTypes(file: string, name: string): boolean {
  const last = name.split("/").at(-1)!;
  const lines = text.get(file)!.match(new RegExp(`(import|export)\\b[^;]*"[^"]*${last.replace(/\./g, "\\.")}"`, "g")) ?? [];
  return lines.length > 0 && lines.every((line) => /^(import|export) type\b/.test(line));
}

test("only named files know a runtime", () => {
  const knows = /\bfrom "(node:|cloudflare:|bun)|\b(Deno|Bun)\.|\bprocess\.|\brequire\(/;
  const found = files.filter((file) => knows.test(text.get(file)!.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")));
  expect(found.filter((file) => !file.startsWith("cli/")).toSorted()).toEqual([
    "src/runtime/node-file-source.ts",
    "src/runtime/node-pairing.ts",
    "src/runtime/node-threads.ts",
    "src/runtime/node.ts",
    "worker/deno.ts",
    "worker/node.ts",
  ]);
});

test("a file has one subject: none of ours has more than 300 lines", () => {
  expect([...text].filter(([, lines]) => lines.split("\n").length > 301).map(([file]) => file)).toEqual([]);
});
