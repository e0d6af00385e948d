/** lfm-edge template: the prompt that a conversation becomes. */
import { defineCommand } from "citty";
import type { Message, TemplateOptions } from "../../src/types.ts";
import { readJson, readText } from "../files.ts";
import { readHeader } from "../open.ts";
import { jsonArg, modelArgs } from "../options.ts";

export const examples = [
  "lfm-edge template model.gguf conversation.json",
  "lfm-edge template model.gguf conversation.json --date 2026-01-02 --chat-template other.jinja --json",
];

/** What a conversation file holds, beside the messages as transformers' apply_chat_template takes it. */
interface Conversation {
  readonly messages: Message[];
  readonly tools?: TemplateOptions["tools"] | null;
  readonly add_generation_prompt?: boolean | null;
  readonly kwargs?: Record<string, unknown> | null;
}

export default defineCommand({
  meta: { name: "template", description: "Print the prompt that a conversation becomes" },
  args: {
    model: { type: "positional", required: true, description: "A GGUF file or its URL" },
    conversation: { type: "positional", required: true, description: "A JSON file: { messages, tools, add_generation_prompt, kwargs }" },
    date: { type: "string", valueHint: "DATE", description: "The day that the template sees, as 2026-01-02; default: today" },
    "chat-template": modelArgs["chat-template"],
    normalize: {
      type: "boolean",
      description: "Make the messages fit for every template first, as a chat does; without it they go in as they are, as in transformers",
    },
    json: { ...jsonArg.json, description: "Print { text, ids }" },
  },
  async run({ args }) {
    const { messages, tools, add_generation_prompt, kwargs } = await readConversation(args.conversation);
    const [{ createTokenizer }, { createChatTemplate }, { metadata }] = await Promise.all([
      import("../../src/tokenizer/tokenizer.ts"),
      import("../../src/chat/chat-template.ts"),
      readHeader(args.model),
    ]);
    const text = (key: string): string | undefined => {
      const value = metadata.get(key);
      return typeof value === "string" ? value : undefined;
    };
    const chatTemplate = createChatTemplate({
      architecture: text("general.architecture") === "lfm2moe" ? "lfm2moe" : "lfm2",
      name: text("general.name"),
      tokenizer: createTokenizer(metadata),
      template: args["chat-template"] === undefined ? text("tokenizer.chat_template") : await readText(args["chat-template"]),
    });
    const prompt = chatTemplate.render(messages, {
      ...(tools && { tools }),
      ...(typeof add_generation_prompt === "boolean" && { addGenerationPrompt: add_generation_prompt }),
      ...(kwargs && { templateArguments: kwargs }),
      ...(args.date !== undefined && { date: args.date }),
      normalize: args.normalize === true,
    });
    if (args.json) console.log(JSON.stringify({ text: prompt.text, ids: prompt.ids }));
    else process.stdout.write(prompt.text);
  },
});

async function readConversation(path: string): Promise<Conversation> {
  const conversation = await readJson(path);
  if (Array.isArray(conversation)) return { messages: conversation as Message[] };
  if (typeof conversation === "object" && conversation !== null && "messages" in conversation && Array.isArray(conversation.messages))
    return conversation as Conversation;
  throw new Error(`Cannot use ${path}: expected { "messages": [ … ] }`);
}
