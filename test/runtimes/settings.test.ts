/** Servers that are set up wrongly say so in one line, in the runtimes whose entries the command line is not. */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { deno, startWranglerDev } from "./runtimes.ts";

it.each([
  ["a model that is not there", { LFM_MODEL: "test/fixtures/none.gguf" }, "there is no such file"],
  ["a model that is none", { LFM_MODEL: "test/fixtures/prompts.json" }, "prompts.json"],
  ["a model it may not read", { LFM_MODEL: "/etc/passwd" }, "--allow-read"],
  ["a port that is none", { PORT: "http" }, "port"],
  ["a key that is none", { LFM_API_KEY: "two words" }, "LFM_API_KEY must not have spaces"],
  ["a list of keys that holds none", { LFM_KEYS: "test/fixtures/prompts.json" }, "the list[0].key"],
  ["keys that are no list", { LFM_KEYS: "test/fixtures/tiny-moe.golden.json" }, "LFM_KEYS must be a list"],
  ["an address that others can reach, and no key", { HOST: "0.0.0.0" }, "Cannot serve on 0.0.0.0 without a key"],
])("Deno, with %s", async (_, settings, said) => {
  const { code, output } = await deno(settings).ended();
  expect([code, output]).toEqual([1, expect.stringMatching(/^lfm-edge: [^\n]+\n$/)]);
  expect(output).toContain(said);
});

it("wrangler dev, with a model that is not there", async () => {
  const server = await startWranglerDev("--var", "MODEL_ASSET:/none.gguf");
  try {
    const response = await fetch(`${server.url}/v1/models`);
    expect([response.status, await response.json()]).toMatchObject([500, { error: { type: "server_error", code: "internal_error" } }]);
  } finally {
    const { output } = await server.stop();
    expect(output).toContain("Cannot read the asset /none.gguf");
  }
});

it("wrangler dev, with keys that have limits", async () => {
  const keys = JSON.stringify([{ key: `sha256:${createHash("sha256").update("secret").digest("hex")}`, requestsPerMinute: 2 }]);
  const server = await startWranglerDev("--var", `LFM_KEYS:${keys}`);
  try {
    const statuses: number[] = [];
    for (const key of ["secret", "other", "secret", "secret"]) {
      const init = { method: "POST", headers: { "x-api-key": key }, body: "{" };
      statuses.push((await fetch(`${server.url}/v1/chat/completions`, init)).status);
    }
    expect(statuses).toEqual([400, 401, 400, 429]);
  } finally {
    await server.stop();
  }
});
