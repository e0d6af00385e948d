/** Thousands of bodies with something wrong. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { load, type Model } from "../../src/index.ts";
import { createApp } from "../../worker/app.ts";
import { defaultModel } from "../../worker/default-model.ts";
import { addresses, bodies, complaint } from "../malformed.ts";

const RUNS = 1000; // of each address

let model: Model;
beforeAll(async () => {
  model = await load(defaultModel(), { contextLength: 128 });
});
afterAll(() => model.close());
afterEach(() => void vi.restoreAllMocks());

it.each(addresses)(`%s: ${RUNS} bodies`, async (path, schema) => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const app = createApp({ models: model });
  const statuses = new Map<number, number>();
  const counting = {
    ...app,
    async request(...args: Parameters<typeof app.request>): Promise<Response> {
      const response = await app.request(...args);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      return response;
    },
  };
  await fc.assert(
    fc.asyncProperty(bodies(schema), async (body) => {
      expect(await complaint(counting, path, body)).toBeUndefined();
    }),
    { numRuns: RUNS, seed: 5 },
  );
  expect(logged.mock.calls).toEqual([]);
  // They are near enough to what is wanted to come far.
  for (const status of [200, 400]) expect(statuses.get(status), String(status)).toBeGreaterThan(RUNS / 50);
});
