/** 200 streaming clients at once, of which a third leaves in the middle. `npm run test:slow` prints what they get. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { fileURLToPath } from "node:url";
import { measureHealth, measureLoad } from "../../bench/load/measure.ts";
import { LoadedServer } from "../../bench/load/server.ts";
import { defaultModel } from "../../worker/default-model.ts";

const PARALLEL = 4;
const FEW = { clients: 8, seconds: 20, leaving: 0.3, seed: "few" };
const MANY = { clients: 200, seconds: 60, leaving: 0.3, seed: "many" };

let server: LoadedServer;
beforeAll(async () => {
  server = await LoadedServer.start(fileURLToPath(defaultModel()), ["--parallel", String(PARALLEL)]);
});
afterAll(() => server?.stop());

it("many clients get what few get, and nothing is left behind", async () => {
  const few = await measureLoad(server, FEW);
  const many = await measureLoad(server, MANY);
  console.log(JSON.stringify({ few, many }));
  for (const { failures, requests, whole } of [few, many]) {
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(50);
    expect(whole / requests).toBeGreaterThanOrEqual(0.9);
  }
  expect(Object.keys(many.refusals).filter((what) => what !== "503 server_overloaded")).toEqual([]);
  expect(many.tokensPerSecond / few.tokensPerSecond).toBeGreaterThanOrEqual(0.8);
  expect(many.eventLoopP99Ms).toBeLessThan(50);
  // What is resident may grow until V8's heaps have their size; what they keep may not.
  expect(many.residentBytes.late / many.residentBytes.early).toBeLessThan(1.5);
  expect(many.liveBytes - few.liveBytes).toBeLessThan(8 * 2 ** 20);

  const figure = await server.metrics();
  expect([figure("llamacpp:requests_processing"), figure("llamacpp:requests_deferred")]).toEqual([0, 0]);
  // All sequences are free: one request has them all.
  const body = { messages: [{ role: "user", content: "The red fox" }], n: PARALLEL, max_tokens: 4 };
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5000),
  });
  expect([answer.status, ((await answer.json()) as { choices: unknown[] }).choices.length]).toEqual([200, PARALLEL]);
});

it("the server's health is told at once beside replies that take all threads", async () => {
  const ms = await measureHealth(server, PARALLEL, 20);
  console.log(JSON.stringify(ms));
  expect(ms.p99).toBeLessThan(20);
});

it("it ends well", async () => {
  expect(await server.stop()).toBe(0);
});
