/** Replies at temperature 1.5 under twenty strict schemas: as calls and as JSON, whatever the model is worth. */
import { existsSync, readFileSync } from "node:fs";
import { Validator } from "@cfworker/json-schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Model, type Tool } from "../../src/index.ts";
import { defaultModel } from "../../worker/default-model.ts";
import { fixture } from "../tokenizer-fixtures.ts";

const path: string | URL = process.env["LFM_STRICT_MODEL"] ?? defaultModel();
const tools = JSON.parse(readFileSync(fixture("strict-tools.json"), "utf8")) as Tool[];
const REPLIES = 50; // for each tool: 1000 in all
const sampling = { temperature: 1.5, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

let model: Model;
beforeAll(async () => {
  expect(existsSync(path), String(path)).toBe(true);
  model = await load(path, { maxSequences: 8 });
});
afterAll(() => model.close());

const validators = new Map(tools.map((tool) => [tool.function.name, new Validator(tool.function.parameters as object, "2020-12", false)]));
const ask = (tool: Tool) => [{ role: "user" as const, content: `Use ${tool.function.name} now.` }];

describe("with toolChoice required", () => {
  const cut: string[] = [];
  test.each(tools.map((tool) => [tool.function.name, tool] as const))("%s", async (name, tool) => {
    for (let seed = 0; seed < REPLIES; seed++) {
      const reply = await model.chat(ask(tool), {
        tools: [tool],
        toolChoice: "required",
        parallelToolCalls: false,
        seed,
        maxTokens: 2048,
        ...sampling,
      });
      if (reply.finishReason === "length") {
        cut.push(name);
        expect(reply.toolCalls).toEqual([]);
        continue;
      }
      expect(reply).toMatchObject({ finishReason: "tool_calls", content: "" });
      expect(reply.toolCalls.length).toBeGreaterThan(0);
      for (const call of reply.toolCalls) {
        expect(call.name).toBe(name);
        expect(validators.get(name)!.validate(call.arguments), JSON.stringify(call.arguments)).toMatchObject({ valid: true });
      }
    }
  });
  // Of several calls in one, those that are whole must be valid too.
  test("several in a list", async () => {
    const few = [tools[0]!, tools[4]!, tools[13]!]; // the prompt lists them, and the context is short
    for (let seed = 0; seed < REPLIES / 5; seed++) {
      const reply = await model.chat(ask(tools[0]!), { tools: few, toolChoice: "required", seed, maxTokens: 2048, ...sampling });
      if (reply.finishReason === "length") expect(reply.toolCalls).toEqual([]);
      for (const call of reply.toolCalls)
        expect(validators.get(call.name)!.validate(call.arguments), JSON.stringify(call)).toMatchObject({ valid: true });
    }
  });
  test("at most 2 % end by length", () => {
    console.log(`${cut.length} of ${REPLIES * tools.length} calls ended by length: ${cut.join(" ")}`);
    expect(cut.length).toBeLessThanOrEqual(0.02 * REPLIES * tools.length);
  });
});

describe("as a response format", () => {
  const cut: string[] = [];
  test.each(tools.map((tool) => [tool.function.name, tool] as const))("%s", async (name, tool) => {
    for (let seed = 0; seed < REPLIES / 5; seed++) {
      const schema = tool.function.parameters!;
      const content = `Use the schema ${JSON.stringify(schema)} to parse: ${tool.function.description ?? name}`;
      const reply = await model.chat([{ role: "user", content }], {
        responseFormat: { type: "json_schema", schema },
        seed,
        maxTokens: 2048,
        ...sampling,
      });
      if (reply.finishReason === "length") cut.push(name);
      else expect(validators.get(name)!.validate(JSON.parse(reply.content)), reply.content).toMatchObject({ valid: true });
    }
  });
  test("at most 2 % end by length", () => expect(cut.length).toBeLessThanOrEqual((0.02 * REPLIES * tools.length) / 5));
});
