/** What must not change a bit: how a prompt is cut, who shares a batch, where weights and KV pages lie, when experts are read, the build. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { LfmEngine } from "../src/engine/engine.ts";
import { ContextLengthError, OutOfMemoryError } from "../src/errors.ts";
import { divergence, goldenFiles, openFixture } from "./engine-fixtures.ts";

const ids = goldenFiles[0]!.cases[3]!.ids; // 300 tokens
const runs = { numRuns: 12, seed: 20260102 };

/** The last row's logits of a prompt fed in pieces that end at the cuts. */
async function feed(engine: LfmEngine, tokens: number[], cuts: number[] = []): Promise<Float32Array> {
  const sequence = await engine.open();
  const ends = [...new Set(cuts)].filter((cut) => cut > 0 && cut < tokens.length).sort((a, b) => a - b);
  let logits = new Float32Array();
  for (const [i, end] of [...ends, tokens.length].entries())
    logits = (await engine.advance(sequence, tokens.slice(i ? ends[i - 1] : 0, end))) as typeof logits;
  engine.release(sequence);
  return logits;
}

describe.each(["tiny-moe-Q4_0.gguf", "tiny-dense-Q4_K_M.gguf", "tiny-moe-F16.gguf"])("%s", (file) => {
  let engine: LfmEngine;
  beforeAll(async () => {
    engine = await openFixture(file);
  });
  afterAll(() => engine.close());

  test("a prompt in any pieces = whole", async () => {
    const whole = await feed(engine, ids);
    const cuts = fc.array(fc.integer({ min: 1, max: ids.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        expect(await feed(engine, ids, at)).toEqual(whole);
      }),
      runs,
    );
  });

  test("token by token = whole", async () => {
    const tokens = ids.slice(0, 140);
    expect(await feed(engine, tokens, [...tokens.keys()])).toEqual(await feed(engine, tokens));
  });

  test("every row's logits = the last row's of a prompt that ends there", async () => {
    const rows: Float32Array[] = [];
    const sequence = await engine.open();
    await engine.advance(sequence, ids.slice(0, 100), { onRow: (_, row) => rows.push(row.slice()) });
    engine.release(sequence);
    for (const n of [1, 2, 64, 65, 99, 100]) expect(rows[n - 1]).toEqual(await feed(engine, ids.slice(0, n)));
  });

  test("three sequences at once = each alone", async () => {
    const prompt = fc.record({
      from: fc.integer({ min: 0, max: 200 }),
      length: fc.integer({ min: 1, max: 90 }),
      cut: fc.integer({ min: 1, max: 90 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.tuple(prompt, prompt, prompt), async (prompts) => {
        const tokens = prompts.map(({ from, length }) => ids.slice(from, from + length));
        const alone = [];
        for (const one of tokens) alone.push(await feed(engine, one));
        expect(await Promise.all(tokens.map((one, i) => feed(engine, one, [prompts[i]!.cut])))).toEqual(alone);
      }),
      runs,
    );
  });

  test("a fork = its own past, and leaves the other alone", async () => {
    for (const past of [1, 63, 64, 100]) {
      const sequence = await engine.open({ forks: 1 });
      await engine.advance(sequence, ids.slice(0, past));
      const fork = engine.fork(sequence);
      const [a, b] = await Promise.all([engine.advance(sequence, [5, 6]), engine.advance(fork, [7])]);
      expect(a).toEqual(await feed(engine, [...ids.slice(0, past), 5, 6]));
      expect(b).toEqual(await feed(engine, [...ids.slice(0, past), 7]));
      engine.release(sequence);
      engine.release(fork);
    }
  });

  test("the plain build, small banks and experts read late give the same bits", async () => {
    const expected = await feed(engine, ids.slice(0, 130));
    const bankBytes = file === "tiny-moe-F16.gguf" ? 9_300_000 : 8_360_000; // not all fits
    for (const options of [
      { build: "plain" },
      { bankBytes },
      { preloadExperts: false },
      { build: "plain", bankBytes, preloadExperts: false },
    ] as const) {
      const other = await openFixture(file, options);
      if ("bankBytes" in options) expect(other.core.banks.length).toBeGreaterThan(1);
      expect(await feed(other, ids.slice(0, 130))).toEqual(expected);
      await other.close();
    }
  });
});

test("whichever weights lie beyond the first bank, the bits are the same", async () => {
  const engine = await openFixture("tiny-moe-Q4_0.gguf");
  const expected = await feed(engine, ids.slice(0, 20));
  await engine.close();
  // From the last experts alone to routers and attention too.
  for (const bankBytes of [8_243_000, 8_283_000, 8_363_000, 8_663_000, 9_363_000]) {
    const other = await openFixture("tiny-moe-Q4_0.gguf", { bankBytes });
    expect(other.core.banks.length).toBe(2);
    expect(await feed(other, ids.slice(0, 20)), `${bankBytes} bytes`).toEqual(expected);
    await other.close();
  }
});

test("a read that fails ends the others before the memory is given back", async () => {
  let [started, pending] = [0, 0];
  const opening = openFixture("tiny-moe-Q4_0.gguf", {
    read: (read) => async (shard, offset, target, signal) => {
      started++;
      pending++;
      try {
        if (started === 8) throw new Error("the disk is gone");
        await new Promise((resolve) => {
          setTimeout(resolve, started === 7 ? 50 : 0);
        });
        await read(shard, offset, target, signal);
      } finally {
        pending--;
      }
    },
  });
  await expect(opening).rejects.toThrow("the disk is gone");
  expect(pending).toBe(0);
  const before = started;
  await new Promise((resolve) => {
    setTimeout(resolve, 80);
  });
  expect(started).toBe(before);
});

test("a thread of a team waits for what it reads", async () => {
  const memories = [new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true })];
  const read = () => () => Promise.reject(new Error("read in turns"));
  const [waiting, alone] = [await openFixture("tiny-moe-Q4_0.gguf", { memories, read }), await openFixture("tiny-moe-Q4_0.gguf")];
  expect(await feed(waiting, ids)).toEqual(await feed(alone, ids));
  await expect(openFixture("tiny-moe-Q4_0.gguf", { read })).rejects.toThrow("read in turns");
  await Promise.all([waiting.close(), alone.close()]);
});

describe("sequences", () => {
  test("an abort rejects with its reason, and the engine goes on", async () => {
    const engine = await openFixture("tiny-moe-Q4_0.gguf", { maxSequences: 2 });
    const expected = await feed(engine, ids);
    const [aborted, other] = [await engine.open(), await engine.open()];
    const controller = new AbortController();
    const failing = engine.advance(aborted, ids, { signal: controller.signal });
    const going = engine.advance(other, ids);
    setTimeout(() => controller.abort(new Error("enough")), 1);
    await expect(failing).rejects.toThrow("enough");
    expect(await going).toEqual(expected);
    engine.release(aborted);
    engine.release(other);
    expect(await feed(engine, ids)).toEqual(expected);
    await engine.close();
  });

  test("open waits for a place, in order, and can be given up", async () => {
    const engine = await openFixture("tiny-moe-Q4_0.gguf", { maxSequences: 1 });
    const first = await engine.open();
    const order: string[] = [];
    const second = engine.open().then((sequence) => (order.push("second"), sequence));
    const controller = new AbortController();
    const third = engine.open({ signal: controller.signal });
    controller.abort(new Error("no longer"));
    await expect(third).rejects.toThrow("no longer");
    expect(order).toEqual([]);
    engine.release(first);
    engine.release(await second);
    await engine.close();
  });

  test("close rejects what runs; the context has an end", async () => {
    const engine = await openFixture("tiny-moe-Q4_0.gguf", { contextLength: 100 });
    const sequence = await engine.open();
    await expect(engine.advance(sequence, ids)).rejects.toThrow(ContextLengthError);
    const running = engine.advance(sequence, ids.slice(0, 100));
    await Promise.all([expect(running).rejects.toThrow("closed"), engine.close()]);
    await expect(engine.advance(sequence, [1])).rejects.toThrow("closed");
  });

  test("memory is used again, and an impossible plan is refused", async () => {
    await expect(openFixture("tiny-moe-Q4_0.gguf", { bankBytes: 1_000_000 })).rejects.toThrow(OutOfMemoryError);
    const made = vi.spyOn(WebAssembly, "Memory");
    const banks = (): unknown[] => made.mock.calls.filter(([{ initial }]) => initial > 2);
    await (await openFixture("tiny-moe-Q4_0.gguf")).close();
    const before = banks().length;
    for (let load = 0; load < 4; load++) await (await openFixture("tiny-moe-Q4_0.gguf")).close();
    expect(banks().length).toBe(before);
    made.mockRestore();
  });
});

test("a q8 KV cache: near an exact one, and the same bits however a prompt is cut", async () => {
  const [exact, f16, q8] = await Promise.all((["f32", "f16", "q8"] as const).map((kvType) => openFixture("tiny-moe-F16.gguf", { kvType })));
  const expected = await feed(exact!, ids);
  const logits = await feed(q8!, ids);
  expect(divergence(expected, logits)).toBeLessThan(1e-4);
  expect(divergence(expected, await feed(f16!, ids))).toBeLessThan(1e-6);
  expect(await feed(q8!, ids, [1, 63, 64, 130])).toEqual(logits);
  await Promise.all([exact, f16, q8].map((engine) => engine!.close()));
});
