/** lfm-edge parse-reply: a model's raw reply as content, reasoning and tool calls. */
import { defineCommand } from "citty";
import { parseReply } from "../../src/chat/parse-reply.ts";
import { UsageError } from "../errors.ts";
import { readStdin } from "../files.ts";
import { readTools } from "../tools.ts";

export const examples = [
  "lfm-edge parse-reply < raw.txt",
  "lfm-edge parse-reply --tools tools.json --reasoning < raw.txt | jq .tool_calls",
];

export default defineCommand({
  meta: { name: "parse-reply", description: "Split a raw reply, read from standard input, into text, reasoning and calls" },
  args: {
    tools: { type: "string", valueHint: "FILE", description: "The tools that were offered: arguments are made to fit their schemas" },
    reasoning: { type: "boolean", description: "What stands between <think> and </think> is reasoning; without it, it is text" },
    prefill: { type: "boolean", description: "The prompt already ended in <think>: the reply begins inside of it" },
  },
  async run({ args }) {
    if (process.stdin.isTTY) throw new UsageError("there is no reply: pipe it in");
    const tools = args.tools === undefined ? [] : await readTools(args.tools);
    const raw = await readStdin();
    const { content, reasoning, toolCalls } = parseReply(raw, {
      tools,
      reasoning: args.prefill ? "open" : args.reasoning ? "auto" : "none",
    });
    const tool_calls = toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given }));
    console.log(JSON.stringify({ content, reasoning_content: reasoning, tool_calls }, null, 2));
  },
});
