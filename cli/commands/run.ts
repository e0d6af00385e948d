/** lfm-edge run: one prompt, its reply on stdout. */
import { defineCommand } from "citty";
import { Interrupted, UsageError } from "../errors.ts";
import { readStdin, readText } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { modelPath, openModel } from "../open.ts";
import { generateOptions, generationArgs, jsonArg, loadOptions, modelArg, modelArgs, quietArg, systemMessage } from "../options.ts";
import { printReply } from "../print-reply.ts";
import { readTools } from "../tools.ts";

export const examples = [
  'lfm-edge run -p "Why is the sky blue?"',
  "lfm-edge run model.gguf -f question.txt --temperature 0 -n 200",
  'git diff | lfm-edge run model.gguf --system "Write a commit message for this diff." --quiet',
  'lfm-edge run model.gguf -p "Weather in Seoul?" --tools tools.json --json',
];

export default defineCommand({
  meta: { name: "run", description: "Answer one prompt" },
  args: {
    ...modelArg,
    prompt: { type: "string", alias: "p", valueHint: "TEXT", description: "The prompt; without it and -f, standard input" },
    file: { type: "string", alias: "f", valueHint: "FILE", description: "A file with the prompt" },
    tools: { type: "string", valueHint: "FILE", description: "Tools that the model may call: a JSON list in OpenAI's form" },
    raw: { type: "boolean", description: "Continue the prompt as it is, without the chat template" },
    ...generationArgs,
    ...modelArgs,
    ...jsonArg,
    ...quietArg,
  },
  async run({ args, data }) {
    const { stop } = Object.fromEntries(data as ReadonlyMap<string, string[]>);
    if (args.raw && (args.tools !== undefined || args.system !== undefined))
      throw new UsageError("--raw takes neither --tools nor --system: those need the chat template");
    const generation = generateOptions(args, stop);
    const loading = await loadOptions(args);
    const tools = args.tools === undefined ? undefined : await readTools(args.tools);
    const prompt = await readPrompt(args.prompt, args.file);
    const signal = interruptSignal();
    const quiet = args.quiet || args.json;

    await using model = await openModel(modelPath(args.model), { ...loading, signal }, { quiet });
    const options = { ...generation, signal };
    const messages = [...systemMessage(args), { role: "user" as const, content: prompt }];
    const chatOptions = { ...options, ...(tools && { tools }) };
    if (args.json) {
      const { choices: _, ...reply } = args.raw ? await model.complete(prompt, options) : await model.chat(messages, chatOptions);
      console.log(JSON.stringify(reply, null, 2));
    } else await printReply(args.raw ? model.completeStream(prompt, options) : model.chatStream(messages, chatOptions), { quiet });
    if (signal.aborted) throw new Interrupted("interrupted");
  },
});

async function readPrompt(text: string | undefined, file: string | undefined): Promise<string> {
  if (text !== undefined && file !== undefined) throw new UsageError("there are two prompts: pass either -p or -f");
  if (text === undefined && file === undefined && process.stdin.isTTY)
    throw new UsageError("there is no prompt: pass -p TEXT or -f FILE, or pipe it in");
  const prompt = text ?? (file === undefined ? await readStdin() : await readText(file));
  if (prompt.trim() === "") throw new UsageError("the prompt is empty; pass some text with -p, -f or on standard input");
  return prompt;
}
