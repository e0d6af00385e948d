/** A model on threads of its own: the same bits for any number, nothing hangs, nothing is lost in silence. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Batch, Core } from "../src/engine/core.ts";
import { StepWriter } from "../src/engine/step.ts";
import { GivenUp, poison, resetTeam, Team, TeamError } from "../src/engine/team.ts";
import { load, WeightsError } from "../src/index.ts";
import type { LoadOptions, Model, WeightSource } from "../src/types.ts";
import { type Bank, openBanks } from "../src/wasm/bank.ts";
import { chooseKernels } from "../src/wasm/builds.ts";
import { goldenFiles } from "./engine-fixtures.ts";

const fixture = (file: string): string => new URL(`fixtures/${file}`, import.meta.url).href;
const ids = goldenFiles[0]!.cases[3]!.ids; // 300 tokens
const small: LoadOptions = { contextLength: 512 };

const workers: Worker[] = [];
const remember = (worker: Worker): number => workers.push(worker);
beforeAll(() => void process.on("worker", remember));
afterAll(() => void process.off("worker", remember));
afterEach(() => void workers.splice(0));

describe.each(["tiny-moe-Q4_0.gguf", "tiny-dense-Q4_K_M.gguf", "tiny-moe-F16.gguf"])("%s", (file) => {
  test("any number of threads gives the same bits", async () => {
    const answers = [];
    for (const threads of [1, 2, 3]) {
      await using model = await load(fixture(file), { ...small, threads });
      expect(model.info.threads).toBe(threads);
      const [evaluation, ...replies] = await Promise.all([
        model.evaluate(ids),
        ...[1, 2, 3].map((seed) => model.complete(ids.slice(0, 20 * seed), { seed, temperature: 1, maxTokens: 24, ignoreEos: true })),
      ]);
      answers.push({ evaluation, texts: replies.map(({ text }) => text) });
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

test("threads nobody counted: steps that they share and steps that one computes give the same bits", async () => {
  const answers = [];
  for (const options of [small, { ...small, threads: 1 }]) {
    await using model = await load(fixture("tiny-moe-Q4_0.gguf"), options);
    const { text, usage } = await model.complete(ids, { maxTokens: 24, temperature: 1, seed: 1, ignoreEos: true });
    answers.push({ text, tokens: usage.completionTokens, next: (await model.evaluate(ids.slice(0, 40))).logits });
  }
  expect(answers[0]).toEqual(answers[1]);
});

describe("calls", () => {
  let model: Model;
  const long = { maxTokens: 450, ignoreEos: true, temperature: 1 };
  beforeAll(async () => {
    model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2, maxSequences: 2 });
  });
  afterAll(() => model.close());

  test("the caller's thread is free while threads compute", async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    const { usage } = await model.complete(ids, long);
    clearInterval(counting);
    expect(turns).toBeGreaterThan((usage.prefillMs + usage.decodeMs) / 10);
  });

  test("a stream that is left makes room for the next", async () => {
    for (let i = 0; i < 5; i++) for await (const part of model.completeStream([1, 2, 3], long)) if (part.type === "text") break;
  });

  test("an abort ends a reply and keeps what was said", async () => {
    const controller = new AbortController();
    let text = "";
    const ends = [];
    for await (const part of model.completeStream([1, 2, 3], { ...long, signal: controller.signal })) {
      if (part.type === "text") text += part.text;
      if (part.type === "finish") ends.push(part.finishReason);
      if (text.length > 10) controller.abort();
    }
    expect(ends).toEqual(["abort"]);
    expect((await model.complete([1, 2, 3], { ...long, signal: AbortSignal.abort() })).finishReason).toBe("abort");
    await expect(model.evaluate(ids, { signal: AbortSignal.abort(new Error("not any more")) })).rejects.toThrow("not any more");
  });

  test("errors keep their classes and fields", async () => {
    await expect(model.complete([...ids, ...ids])).rejects.toMatchObject({ name: "ContextLengthError", tokens: 600, limit: 512 });
    await expect(model.complete("a", { topP: 3 })).rejects.toThrow(RangeError);
    await expect(model.complete("a", { suffix: "b" })).rejects.toMatchObject({ name: "UnsupportedError", param: "suffix" });
  });
});

test.each([0, 1])("a thread that dies takes the replies with it, and the model goes on: thread %i", async (thread) => {
  await using model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
  const expected = await model.evaluate(ids);
  const running = model.completeStream([1, 2, 3], { maxTokens: 450, ignoreEos: true })[Symbol.asyncIterator]();
  await running.next();
  await workers[thread]!.terminate();
  const rest = (async () => {
    while (!(await running.next()).done);
  })();
  await expect(rest).rejects.toThrow("the reply was lost: a thread of the model ended");
  expect(await model.evaluate(ids)).toEqual(expected);
});

describe("close ends although a thread dies", () => {
  test.each([0, 1])("that is computing: thread %i", async (thread) => {
    const model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
    const running = model.completeStream([1, 2, 3], { maxTokens: 450, ignoreEos: true })[Symbol.asyncIterator]();
    await running.next();
    const rest = (async () => {
      while (!(await running.next()).done);
    })();
    const told = rest.then(
      () => "abort", // it had ended already
      (error: Error) => error.message,
    );
    await Promise.all([workers[thread]!.terminate(), model.close()]);
    expect(await told).toMatch(/^abort$|the reply was lost|the model is closed/);
  });

  test("that is being started anew", async () => {
    const model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
    await workers[0]!.terminate();
    await vi.waitUntil(() => workers.length > 2, { timeout: 20_000, interval: 1 });
    const closed = model.close();
    await workers.at(-1)!.terminate();
    await closed;
  });
});

test("threads that keep dying are not started for ever", async () => {
  await using model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
  const errors: string[] = [];
  for (let i = 0; i < 20 && !errors.at(-1)?.includes("keep ending"); i++) {
    await workers.at(-1)!.terminate();
    await model.evaluate([1, 2]).catch((error: Error) => errors.push(error.message));
  }
  expect(errors.at(-1)).toBe("the model's threads keep ending: a thread of the model ended");
});

test("close ends what runs, and is final", async () => {
  const model = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
  const reply = model.complete([1, 2, 3], { maxTokens: 450, ignoreEos: true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await model.close();
  expect((await reply).finishReason).toBe("abort");
  await expect(model.complete([1])).rejects.toThrow("the model is closed");
});

describe("weights that only the caller's thread can read", () => {
  const bytes = new Uint8Array(readFileSync(new URL(fixture("tiny-moe-Q4_0.gguf"))));
  const source = (read: WeightSource["read"]): WeightSource => ({
    name: "tiny.gguf",
    size: () => Promise.resolve(bytes.length),
    read,
    close: () => Promise.resolve(),
  });
  const copy: WeightSource["read"] = async (_, offset, target) => target.set(bytes.subarray(offset, offset + target.length));

  test("are read there", async () => {
    await using expected = await load(fixture("tiny-moe-Q4_0.gguf"), { ...small, threads: 2 });
    for (const input of [bytes, source(copy), new Blob([bytes])]) {
      await using model = await load(input, { ...small, threads: 2 });
      expect(await model.evaluate(ids)).toEqual(await expected.evaluate(ids));
    }
  });

  test("may fail, or be given up", async () => {
    let reads = 0;
    const failing = source(async (shard, offset, target) => {
      if (++reads > 20) throw new WeightsError("Cannot read tiny.gguf: the cable is out");
      await copy(shard, offset, target);
    });
    await expect(load(failing, { ...small, threads: 2 })).rejects.toThrow(new WeightsError("Cannot read tiny.gguf: the cable is out"));
    const controller = new AbortController();
    const slow = source(async (shard, offset, target) => {
      if (offset > 100_000) controller.abort(new Error("enough"));
      await copy(shard, offset, target);
    });
    await expect(load(slow, { ...small, threads: 2, signal: controller.signal })).rejects.toThrow("enough");
  });

  test("may be given up when only the caller still reads", async () => {
    const controller = new AbortController();
    let [under, lastEnd] = [0, 0];
    const read = vi.fn<WeightSource["read"]>(async (shard, offset, target, signal) => {
      under++;
      // The first read behind the header is the caller's: its threads are not there yet.
      if (offset > 100_000 && signal && read.mock.calls.filter(([, at]) => at > 100_000).length === 1)
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      await copy(shard, offset, target);
      under--;
      lastEnd = performance.now();
    });
    const loading = load(source(read), { ...small, threads: 2, signal: controller.signal });
    const given = setInterval(() => under === 1 && performance.now() - lastEnd > 200 && controller.abort(new Error("enough")), 20);
    await expect(loading).rejects.toThrow("enough");
    clearInterval(given);
  });

  test("leave the caller's thread its turns", async () => {
    let turns = 0;
    const turn = (): void => {
      turns++;
      counting = setImmediate(turn);
    };
    let counting = setImmediate(turn);
    const seen = new Set<number>();
    const counted = source(async (...piece) => {
      seen.add(turns);
      await copy(...piece);
    });
    await using model = await load(counted, { ...small, threads: 2 });
    clearImmediate(counting);
    expect(model.info.threads).toBe(2);
    expect(seen.size).toBeGreaterThan(10);
  });
});

test("whoever comes late to a barrier that was given up is told", async () => {
  const { module } = await chooseKernels();
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });
  const [home] = openBanks(module, [memory]);
  resetTeam(home!.i32, 65_536);
  poison(home!.i32, 65_536);
  expect(() => new Team(1, 2, home!, 65_536).barrier()).toThrow(TeamError);
});

test("a step of few rows is the leader's alone", () => {
  const home = { i32: new Int32Array(65_536) } as unknown as Bank;
  const team = new Team(0, 2, home, 1024);
  const begun = (): number => home.i32[(1024 + 128) / 4]!;
  const steps = new StepWriter({ team, banks: [home] } as unknown as Core, 4096, 3);
  const batch = (n: number): Batch => ({ tokens: new Int32Array(n), positions: new Int32Array(n), runs: [] });
  for (const [rows, share, count] of [
    [3, 96, 0],
    [4, 48, 2],
    [1, 96, 2],
  ] as const) {
    steps.forward(batch(rows));
    steps.logits([0]);
    expect([team.share(96, 8), begun()]).toEqual([[0, share], count]);
  }
  team.barrier(); // nobody is waited for
  team.giveUp();
  steps.end();
  expect(begun()).toBe(3);
});

test.each([0, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 32 - 1, 2 ** 40])("a step is given up behind %d barriers, and only then", (barriers) => {
  const home = { i32: new Int32Array(4096), kernels: { barrier: () => undefined } } as unknown as Bank;
  const leader = new Team(0, 2, home, 1024, barriers);
  const follower = new Team(1, 2, home, 1024, barriers);
  leader.barrier();
  follower.barrier();
  leader.giveUp();
  expect(() => follower.barrier()).toThrow(GivenUp);
  follower.barrier();
  new Team(1, 2, home, 1024, barriers + 2 ** 32 + 1).barrier(); // the same low half
});

test("paired vectors say the same, where there are any; each model's kernels prove themselves when it comes", async () => {
  const cases = [
    ["tiny-moe-Q4_0.gguf", { kernels: "relaxed" }],
    ["tiny-moe-Q4_0.gguf", { kernels: "plain" }],
    ["tiny-dense-Q4_K_M.gguf", { kernels: "relaxed", kvType: "q8" }],
    ["tiny-moe-MXFP4_MOE.gguf", { kernels: "relaxed", kvType: "f32" }],
  ] as const;
  // In a process of its own: the flag would hold for all other tests of this one.
  const script = `
    import { load } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
    for (const [file, options] of ${JSON.stringify(cases.map(([file, options]) => [fixture(file), options]))}) {
      await using model = await load(file, { contextLength: 512, threads: 2, pairVectors: true, ...options });
      const { logits, nll } = await model.evaluate(${JSON.stringify(ids)});
      console.log(JSON.stringify([model.info.paired, [...logits], nll]));
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", "--input-type=module", "--eval", script]);
  const lines = stdout.trim().split("\n");
  expect(lines.length).toBe(cases.length);
  for (const [i, [file, options]] of cases.entries()) {
    await using model = await load(fixture(file), { ...small, ...options, threads: 0 });
    const { logits, nll } = await model.evaluate(ids);
    const [paired, ...said] = JSON.parse(lines[i]!) as [boolean, ...unknown[]];
    expect(paired).toBe(process.arch === "x64" && readFileSync("/proc/cpuinfo", "utf8").includes(" avx2 "));
    expect(said, file).toEqual([[...logits], nll]);
  }
});
