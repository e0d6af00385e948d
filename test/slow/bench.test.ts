/** `npm run bench` on a small file: what it leaves behind, to its end and when it is interrupted. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Section } from "../../bench/table.ts";
import { synthesizeBytes } from "../../bench/synthetic/model.ts";
import { reduce, shapes } from "../../bench/synthetic/shapes.ts";

const folder = mkdtempSync(join(tmpdir(), "lfm-edge-bench-"));
const model = join(folder, "small.gguf");
const output = join(folder, "results.json");

beforeAll(() => {
  const shape = { ...reduce(shapes.get("350m")!, { layers: 3 }), hiddenSize: 256, nHeads: 4, nKvHeads: 2, feedForwardSize: 512 };
  writeFileSync(model, synthesizeBytes(shape, "Q4_0"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(...args: string[]) {
  const script = fileURLToPath(new URL("../../bench/bench.ts", import.meta.url));
  const child = spawn(process.execPath, [script, "--model", model, "-o", output, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, ended, printed: () => printed };
}

const report = (): { sections: Section[] } => JSON.parse(readFileSync(output, "utf8")) as { sections: Section[] };

test("one table and one JSON, of the modes that are asked for", async () => {
  const { ended, printed } = bench("--quick", "--engines", "unpaired,plain", "--threads", "2");
  expect(await ended, printed()).toBe(0);
  const { sections } = report();
  expect(sections.map(({ threads }) => threads)).toEqual([2]);
  for (const { results, readBytesPerSecond, bytesPerToken, fileBytes } of sections) {
    expect(results.map(({ engine, problem }) => [engine, problem])).toEqual([
      ["unpaired", undefined],
      ["plain", undefined],
    ]);
    for (const { speeds, instructions, engine } of results) {
      expect(instructions).toContain(engine === "plain" ? "SIMD, plain" : "SIMD, relaxed");
      expect(Object.keys(speeds)).toEqual(["prefill 128", "decode @0"]);
      expect(speeds["prefill 128"]).toHaveLength(3);
      expect(speeds["decode @0"]).toHaveLength(9);
      for (const rate of Object.values(speeds).flat()) expect(rate).toBeGreaterThan(0);
    }
    expect(readBytesPerSecond.length).toBe(3);
    expect(bytesPerToken).toBeLessThan(fileBytes);
  }
  expect(printed()).toMatch(/^plain +\d/m);
});

test("interrupted, it ends with 130 and keeps what it has", async () => {
  rmSync(output);
  const { child, ended, printed } = bench("--engines", "unpaired", "--threads", "1");
  await expect.poll(() => Object.keys(kept()?.sections[0]?.results[0]?.speeds ?? {}).length, { timeout: 60_000 }).toBeGreaterThan(0);
  child.kill("SIGINT");
  expect(await ended, printed()).toBe(130);
  expect(printed()).toContain("interrupted; what was measured is in");
  expect(report().sections[0]!.results[0]!.loadMs.length).toBeGreaterThan(0);
});

function kept(): ReturnType<typeof report> | undefined {
  try {
    return report();
  } catch {
    return undefined; // nothing yet
  }
}
