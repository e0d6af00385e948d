/** A streamed reply on the terminal: text and calls on stdout, reasoning and speed on stderr. */
import type { CompletionPart, FinishReason, ReplyPart, Usage } from "../src/types.ts";
import { describeSpeed } from "./speed.ts";

export interface Printed {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: { readonly id: string; readonly name: string; json: string }[];
  readonly finishReason: FinishReason;
}

/** Prints the parts as they come, and calls as lines of JSON when they are whole. */
export async function printReply(
  parts: AsyncIterable<ReplyPart | CompletionPart>,
  { quiet = false }: { quiet?: boolean | undefined },
): Promise<Printed> {
  const { stdout, stderr } = process;
  const dim = (text: string): string => (stderr.isTTY ? `\x1b[2m${text}\x1b[22m` : text);
  const calls: Printed["calls"] = [];
  let text = "";
  let reasoning = "";
  let finishReason: FinishReason = "stop";
  let usage: Usage | undefined;
  for await (const part of parts) {
    switch (part.type) {
      case "text":
        if (text === "" && reasoning !== "" && !quiet) stderr.write("\n");
        stdout.write(part.text);
        text += part.text;
        break;
      case "reasoning":
        if (!quiet) stderr.write(dim(part.text));
        reasoning += part.text;
        break;
      case "tool-call":
        calls[part.callIndex] = { id: part.id, name: part.name, json: "" };
        break;
      case "tool-arguments":
        calls[part.callIndex]!.json += part.json;
        break;
      case "finish":
        finishReason = part.finishReason;
        break;
      case "usage":
        usage = part.usage;
    }
  }
  if (text !== "" && !text.endsWith("\n")) stdout.write("\n");
  for (const { name, json } of calls) stdout.write(`{"name":${JSON.stringify(name)},"arguments":${json || "{}"}}\n`);
  if (usage && !quiet) stderr.write(dim(`${describeSpeed(usage)}\n`));
  return { text, reasoning, calls, finishReason };
}
