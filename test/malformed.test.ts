/** Bodies with something wrong, some hundred for each address; thousands in test/slow. */
import { load, type Model } from "../src/index.ts";
import { createApp } from "../worker/app.ts";
import { defaultModel } from "../worker/default-model.ts";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { addresses, bodies, complaint } from "./malformed.ts";

let model: Model;
beforeAll(async () => {
  model = await load(defaultModel(), { contextLength: 128 });
});
afterAll(() => model.close());
afterEach(() => void vi.restoreAllMocks());

it.each(addresses)("%s: no body breaks the server, and every error has its shape", async (path, schema) => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const app = createApp({ models: model });
  await fc.assert(
    fc.asyncProperty(bodies(schema), async (body) => {
      expect(await complaint(app, path, body)).toBeUndefined();
    }),
    { numRuns: 60, seed: 20260104 },
  );
  expect(logged.mock.calls).toEqual([]);
});
