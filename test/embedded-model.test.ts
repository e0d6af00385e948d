/** The model that comes with the package: what it says of itself, and that ten prompts get the replies that they had when it was made, on both builds. */
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { load, type Message } from "../src/index.ts";
import { type NamedTools, toolsOf } from "../train/named-tools.ts";
import { defaultModel } from "../worker/default-model.ts";
import { fixture } from "./tokenizer-fixtures.ts";

interface Golden {
  messages: Message[];
  tools?: string[];
  content: string;
  calls: { name: string; arguments: Record<string, unknown> }[];
}

const { tools, prompts } = JSON.parse(readFileSync(fixture("embedded-replies.json"), "utf8")) as {
  tools: NamedTools;
  prompts: Golden[];
};

it("is small, and says what it is", async () => {
  expect(statSync(fileURLToPath(defaultModel())).size).toBeLessThanOrEqual(10_000_000);
  await using model = await load(defaultModel());
  expect(model.info).toMatchObject({
    id: "lfm-edge-demo-12m",
    architecture: "lfm2moe",
    fileType: "Q4_0",
    experts: 16,
    expertsPerToken: 4,
    chatTemplate: "file",
    toolSyntax: "pythonic",
    license: "Apache-2.0",
    description: expect.stringContaining("knows nothing of the world"),
    samplingDefaults: { temperature: 0, repetitionPenalty: 1 },
  });
  expect(model.info.contextLength).toBeGreaterThanOrEqual(2048);
});

describe.each(["plain", "relaxed"] as const)("on the %s build", (kernels) => {
  it("answers ten prompts as it did", async () => {
    await using model = await load(defaultModel(), { kernels, maxSequences: 4 });
    expect(model.info.kernels).toBe(kernels);
    const replies = await Promise.all(
      prompts.map(async ({ messages, tools: names }) => {
        const { content, toolCalls } = await model.chat(messages, { temperature: 0, tools: toolsOf(tools, names) });
        return { content, calls: toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args })) };
      }),
    );
    expect(prompts).toHaveLength(10);
    expect(replies).toEqual(prompts.map(({ content, calls }) => ({ content, calls })));
  });
});
