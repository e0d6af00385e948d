/** lfm-edge chat: a conversation in the terminal. */
import { createInterface } from "node:readline";
import { defineCommand } from "citty";
import { ContextLengthError } from "../../src/errors.ts";
import { printable } from "../../src/gguf/quote.ts";
import type { Message } from "../../src/types.ts";
import { Interrupted } from "../errors.ts";
import { modelPath, openModel } from "../open.ts";
import { generateOptions, generationArgs, loadOptions, modelArg, modelArgs, quietArg, systemMessage } from "../options.ts";
import { printReply } from "../print-reply.ts";

export const examples = ["lfm-edge chat", 'lfm-edge chat model.gguf --system "You are a terse assistant." --ctx 16384'];

const HELP = `/system TEXT  set the system message and begin anew
/reset        begin anew
/exit         leave (or Ctrl-D)
Ctrl-C        stop the reply; at the prompt, leave`;

export default defineCommand({
  meta: { name: "chat", description: "Talk in the terminal" },
  args: { ...modelArg, ...generationArgs, ...modelArgs, ...quietArg },
  async run({ args, data }) {
    const { stop } = Object.fromEntries(data as ReadonlyMap<string, string[]>);
    const generation = generateOptions(args, stop);
    const loading = await loadOptions(args);
    let running = new AbortController(); // loading, then each reply
    let lines: ReturnType<typeof createInterface> | undefined;
    let left = false;
    let replying = true;
    const interrupt = (): void => {
      if (replying) return running.abort(new Interrupted("interrupted"));
      left = true;
      lines?.close();
    };
    process.on("SIGINT", interrupt);

    await using model = await openModel(modelPath(args.model), { ...loading, signal: running.signal }, args);
    replying = false;
    const terminal = process.stdin.isTTY;
    lines = createInterface({ input: process.stdin, ...(terminal && { output: process.stderr, prompt: "> " }) });
    lines.on("SIGINT", interrupt); // a terminal that reads lines gives Ctrl-C to the reader
    const { id, description } = model.info;
    if (terminal && !args.quiet)
      console.error(`${id}: /help for commands, Ctrl-D to leave${description === undefined ? "" : `\n${printable(description)}`}`);
    if (terminal) lines.prompt();

    let conversation = systemMessage(args);
    for await (const line of lines) {
      const [command, ...words] = line.trim().split(" ");
      if (command === "/exit") break;
      else if (command === "/help") console.error(HELP);
      else if (command === "/reset") conversation = conversation.filter(({ role }) => role === "system");
      else if (command === "/system") conversation = [{ role: "system", content: words.join(" ") }];
      else if (command?.startsWith("/")) console.error(`unknown command ${command}; /help lists them`);
      else if (line.trim() !== "") {
        running = new AbortController();
        replying = true;
        conversation = await answer([...conversation, { role: "user", content: line }]);
        replying = false;
      }
      if (terminal) lines.prompt();
    }
    lines.close();
    if (terminal) console.error(); // off the prompt's line
    if (left) throw new Interrupted("interrupted");

    /** Prints the reply; a conversation with it, or where it failed, without the question. */
    async function answer(messages: Message[]): Promise<Message[]> {
      try {
        const { text, reasoning, calls } = await printReply(model.chatStream(messages, { ...generation, signal: running.signal }), args);
        const tool_calls = calls.map(({ id, name, json }) => ({ id, function: { name, arguments: json || "{}" } }));
        const said = { content: text, ...(reasoning !== "" && { reasoning_content: reasoning }), ...(calls.length > 0 && { tool_calls }) };
        return [...messages, { role: "assistant", ...said }];
      } catch (error) {
        if (!(error instanceof ContextLengthError)) throw error;
        console.error(
          `the conversation has ${error.tokens} tokens and the context ${error.limit}: /reset begins anew, --ctx makes it longer if the model has more`,
        );
        return messages.slice(0, -1);
      }
    }
  },
});
