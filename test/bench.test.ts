/** The instrument itself: what it makes of times, what it says of a file, and that its processes end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cellsFor, cellsOf, median, speeds } from "../bench/cells.ts";
import { Child } from "../bench/child.ts";
import { ownMs } from "../bench/machine/others.ts";
import { factsOf } from "../bench/models.ts";
import { synthesizeBytes } from "../bench/synthetic/model.ts";
import { reduce, shapes } from "../bench/synthetic/shapes.ts";
import { tableOf, type Section } from "../bench/table.ts";

const folder = mkdtempSync(join(tmpdir(), "lfm-edge-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("speeds", () => {
  test("of a prompt: its tokens over the time to the first token", () => {
    expect(speeds({ promptTokens: 128, firstMs: 500, stepMs: [] })).toEqual([256]);
  });
  test("of steps: a short run each eight, which one slow step does not move", () => {
    const stepMs = [...Array<number>(7).fill(20), 900, ...Array<number>(8).fill(10), 50];
    expect(speeds({ promptTokens: 1, firstMs: 30, stepMs })).toEqual([50, 100]);
  });
  test("median of none is not a number", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([])).toBeNaN();
  });
});

test("every engine is measured where the two that are compared are", () => {
  const cells = cellsOf("default", false);
  for (const engine of ["unpaired", "plain", "node22", "wllama"]) {
    for (const quick of [true, false]) {
      expect(cellsFor(engine, cells, "default", quick).length).toBeGreaterThan(1);
      expect(cells).toEqual(expect.arrayContaining([...cellsFor(engine, cells, "default", quick)]));
    }
  }
  expect(cellsFor("wllama", cellsOf("default", true), "default", true)).toEqual(cellsOf("default", true));
});

test("a token reads every matrix once, and of the experts those that are used", async () => {
  const shape = reduce(shapes.get("8b-a1b")!, { layers: 3, experts: 8 });
  const small = { ...shape, hiddenSize: 256, nHeads: 4, nKvHeads: 2, feedForwardSize: 256, vocabularySize: 512 };
  const file = synthesizeBytes({ ...small, experts: { ...shape.experts!, feedForwardSize: 256 } }, "F16");
  const path = join(folder, "small.gguf");
  writeFileSync(path, file);
  const { bytes, bytesPerToken } = await factsOf(path);
  expect(bytes).toBe(file.length);
  const [H, F, V] = [256, 256, 512];
  const attention = 2 * (H * H + 2 * H * 128 + H * H) + 4 * (2 * 64);
  const conv = 2 * (3 * H * H + H * H) + 4 * 3 * H;
  const dense = 2 * 3 * H * F;
  const experts = 4 * (2 * 3 * H * F) + 4 * (8 * H + 8);
  // Layers 0 and 1 are dense convolutions, layer 2 is attention with experts; two norms each, and one at the end.
  expect(bytesPerToken).toBe(2 * (conv + dense) + attention + experts + 4 * H * (2 * 3 + 1) + 2 * H * V);
});

test("the table gives ratios to native, and the reason where there is no figure", () => {
  const result = { version: "1", instructions: "x", loadMs: [1000], firstTokenMs: [1500], peakBytes: [2 ** 30], others: [0, 0.4] };
  const section: Section = {
    model: "m",
    threads: 2,
    fileBytes: 2 ** 30,
    bytesPerToken: 5e8,
    copyMs: 500,
    readBytesPerSecond: [20e9],
    results: [
      { engine: "paired", ...result, speeds: { "prefill 128": [30, 10, 20], "decode @0": [20] } },
      { engine: "llama.cpp", ...result, speeds: { "prefill 128": [10], "decode @0": [16] } },
      { engine: "wllama", loadMs: [], firstTokenMs: [], peakBytes: [], speeds: {}, others: [], problem: "no Chromium" },
    ],
  };
  const text = tableOf(section, cellsOf("quick", false));
  expect(text).toMatch(/^paired +20\.0 2\.00× +20\.0 1\.25× +10\.0 50% +1\.50 s +1\.00 s 2\.0× +1\.00 GiB +1 of 2$/m);
  expect(text).toMatch(/^llama\.cpp +10\.0 1\.00× +16\.0 1\.00× /m);
  expect(text).toMatch(/^wllama +$/m);
  expect(text).toContain("wllama: no Chromium");
});

describe("a child", () => {
  const child = (script: string, signal = new AbortController().signal): Child => new Child("it", [process.execPath, "-e", script], signal);

  test("answers lines with JSON, whatever else it prints", async () => {
    const echo = child(`process.stdin.on("data", (d) => console.log("note\\n" + JSON.stringify({ got: String(d).trim() })))`);
    try {
      expect(await echo.answer("one")).toEqual({ got: "one" });
      expect(await echo.answer("two")).toEqual({ got: "two" });
    } finally {
      echo.end();
    }
  });
  test("that ends is an error with its reason", async () => {
    await expect(child(`throw new RangeError("no such file")`).answer("one")).rejects.toThrow("it ended: RangeError: no such file");
    await expect(child("process.exit(3)").ended()).rejects.toThrow("it ended with 3");
    await child("").ended();
  });
  test("that is not there is an error", async () => {
    await expect(new Child("it", ["/no/such/command"], new AbortController().signal).answer()).rejects.toThrow(/it ended: .*ENOENT/);
  });
  test("is ended by an abort, with what it started", async () => {
    const abort = new AbortController();
    // Its own child holds the output open: the answer that is waited for fails when both are gone.
    const script = `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }); console.log(1); setInterval(() => {}, 1000)`;
    const parent = child(script, abort.signal);
    expect(await parent.answer<number>()).toBe(1);
    const waiting = parent.answer("one");
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
  test.runIf(process.platform === "linux")("is not one of the others, nor is what it started in a group of its own", async () => {
    const burn = `while (process.cpuUsage().user < 300_000); console.log(1); setTimeout(() => {}, 5000)`;
    const parent = child(
      `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(burn)}], { stdio: "inherit", detached: true }).unref()
       process.stdin.resume()`,
    );
    const before = ownMs(-1); // of this process alone
    expect(await parent.answer<number>()).toBe(1);
    const seen = ownMs(parent.pid);
    parent.end();
    expect(seen - before).toBeGreaterThan(250);
  });
});
