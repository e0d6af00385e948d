/** Writes what the embedded model says to the prompts of test/fixtures/embedded-replies.json into that file: for a new model, once it is right. */
import { readFileSync, writeFileSync } from "node:fs";
import { load, type Message } from "../src/index.ts";
import { defaultModel } from "../worker/default-model.ts";
import { type NamedTools, toolsOf } from "./named-tools.ts";

interface Fixture {
  tools: NamedTools;
  prompts: { messages: Message[]; tools?: string[]; content: string; calls: { name: string; arguments: object }[] }[];
}

const file = new URL("../test/fixtures/embedded-replies.json", import.meta.url);
const fixture = JSON.parse(readFileSync(file, "utf8")) as Fixture;
await using model = await load(defaultModel());
for (const prompt of fixture.prompts) {
  const tools = toolsOf(fixture.tools, prompt.tools);
  const { content, toolCalls } = await model.chat(prompt.messages, { temperature: 0, tools });
  prompt.content = content;
  prompt.calls = toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }));
  console.log(JSON.stringify(prompt.messages.at(-1)!.content), "→", content || JSON.stringify(prompt.calls));
}
writeFileSync(file, `${JSON.stringify(fixture, null, 1)}\n`);
