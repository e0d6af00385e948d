/** A crowd at a real model's door, of which some leave: nobody is forgotten, and nothing is kept. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "../bench/synthetic/random.ts";
import { load, type Model } from "../src/index.ts";
import { createApp } from "../worker/app.ts";
import { defaultModel } from "../worker/default-model.ts";
import { events, post } from "./server-fixtures.ts";

let model: Model;
beforeAll(async () => {
  model = await load(defaultModel(), { maxSequences: 2 });
});
afterAll(() => model.close());

const body = (seed: number, stream: boolean): object => ({
  messages: [{ role: "user", content: "Where did Mina find the lamp?" }],
  max_tokens: 24,
  ignore_eos: true,
  temperature: 1,
  seed,
  stream,
});

it("gets whole replies, or is told to come again, or leaves; all sequences are free after it", async () => {
  const app = createApp({ models: model, limits: { maxQueue: 12 } });
  const random = new Random("crowd");
  const ends: string[] = [];
  const client = async (seed: number): Promise<void> => {
    const stream = random.next() < 0.7;
    const leaves = random.next() < 0.3;
    const left = new AbortController();
    if (leaves) setTimeout(() => left.abort(), random.next() * 400);
    try {
      const response = await post(app, body(seed, stream), { signal: left.signal });
      if (response.status !== 200) {
        const { error } = (await response.json()) as { error: { code: string } };
        ends.push(leaves ? "left" : `${response.status} ${error.code} ${response.headers.get("retry-after") === null ? "" : "again"}`);
        return;
      }
      const whole = stream
        ? (await events(response)).at(-1) === "[DONE]"
        : ((await response.json()) as { usage: { completion_tokens: number } }).usage.completion_tokens === 24;
      ends.push(leaves ? "left" : whole ? "whole" : "cut");
    } catch (error) {
      ends.push(left.signal.aborted ? "left" : String(error));
    }
  };
  await Promise.all(Array.from({ length: 32 }, (_, seed) => client(seed)));
  expect(ends).toHaveLength(32);
  expect(new Set(ends)).toEqual(new Set(["whole", "503 server_overloaded again", "left"]));

  const figures = await (await app.request("http://local/metrics")).text();
  expect(figures).toContain('llamacpp:requests_processing{model="lfm-edge-demo-12m"} 0\n');
  expect(figures).toContain('llamacpp:requests_deferred{model="lfm-edge-demo-12m"} 0\n');
  expect((await post(app, { ...body(1, false), n: 2 })).status).toBe(200);
  await app.close(0);
});
