/** POST /v1/completions over a model that counts how much is asked of it at once. */
import { expect, it } from "vitest";
import type { CompleteOptions, CompletionPart } from "../src/types.ts";
import { MAX_PROMPTS } from "../worker/schemas/completions.ts";
import { appOf, fakeModel, usage } from "./server-fixtures.ts";

it.each([
  [1, 4],
  [3, 1],
  [4, 1],
])("many prompts with n = %i take %i places, and no queue", async (n, places) => {
  const { model } = fakeModel();
  let [running, most] = [0, 0];
  model.completeStream = async function* (prompt, _options: CompleteOptions = {}): AsyncGenerator<CompletionPart, void, void> {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve));
    for (let index = 0; index < n; index++) {
      yield { type: "text", index, text: `${String(prompt)}.${index}` };
      yield { type: "finish", index, finishReason: "stop" };
    }
    running--;
    yield { type: "usage", usage };
  };
  const app = appOf(model, { limits: { maxQueue: 0 } });
  const prompt = Array.from({ length: MAX_PROMPTS }, (_, i) => `p${i}`);
  const response = await app.request("http://local/v1/completions", { method: "POST", body: JSON.stringify({ prompt, n }) });
  const { choices, usage: used } = (await response.json()) as {
    choices: { index: number; text: string }[];
    usage: { prompt_tokens: number };
  };
  expect(choices.map(({ text }) => text)).toEqual(prompt.flatMap((text) => Array.from({ length: n }, (_, i) => `${text}.${i}`)));
  expect(choices.map(({ index }) => index)).toEqual([...choices.keys()]);
  expect(used.prompt_tokens).toBe(MAX_PROMPTS * usage.promptTokens);
  expect(most).toBe(places);
});
