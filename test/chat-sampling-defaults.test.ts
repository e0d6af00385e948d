import { expect, test } from "vitest";
import { samplingDefaults } from "../src/chat/sampling-defaults.ts";
import { largeVocabulary, smallVocabulary } from "./chat-fixtures.ts";

const small = await smallVocabulary();
const large = largeVocabulary();

test.each([
  ["LFM2-350M", small, "lfm2", { temperature: 0.3, minP: 0.15 }],
  ["LFM2 2.6B Exp", small, "lfm2", { temperature: 0.3, minP: 0.15 }],
  ["LFM2-8B-A1B", small, "lfm2moe", { temperature: 0.3, minP: 0.15 }],
  ["LFM2-24B-A2B", small, "lfm2moe", { temperature: 0.1, topK: 50 }],
  ["LFM2.5 8B A1B", large, "lfm2moe", { temperature: 0.2, topK: 80 }],
  [undefined, large, "lfm2moe", { temperature: 0.2, topK: 80 }],
  ["LFM2.5-230M", small, "lfm2", { temperature: 0.1, topK: 50 }],
  ["LFM2.5-1.2B-Instruct", small, "lfm2", { temperature: 0.1, topK: 50 }],
  ["LFM2.5-1.2B-Thinking", small, "lfm2", { temperature: 0.05, topK: 50 }],
  ["LFM2.5-1.2B-Base", small, "lfm2", { temperature: 0.3, minP: 0.15 }],
  ["LFM2.5-1.2B-JP", small, "lfm2", { temperature: 0.3, minP: 0.15 }],
  ["LFM2.5-1.2B-JP-202606", small, "lfm2", { temperature: 0.1, topK: 50 }],
  [undefined, small, "lfm2", { temperature: 0.3, minP: 0.15 }],
])("%s", (name, tokenizer, architecture, expected) => {
  expect(samplingDefaults({ name, tokenizer, architecture })).toEqual({ ...expected, repetitionPenalty: 1.05 });
});

test("our own, which copies what it is given", () => {
  const defaults = samplingDefaults({ name: "lfm-edge demo 12M", tokenizer: small, architecture: "lfm2moe" });
  expect(defaults).toEqual({ temperature: 0, repetitionPenalty: 1 });
});
