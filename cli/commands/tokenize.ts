/** lfm-edge tokenize: a text's token ids. */
import { defineCommand } from "citty";
import { readHeader } from "../open.ts";
import { jsonArg } from "../options.ts";

export const examples = ['lfm-edge tokenize model.gguf "Hello, world"', 'lfm-edge tokenize model.gguf "<|im_start|>user" --special --json'];

export default defineCommand({
  meta: { name: "tokenize", description: "Print a text's token ids" },
  args: {
    model: { type: "positional", required: true, description: "A GGUF file or its URL" },
    text: { type: "positional", required: true, description: "The text" },
    special: { type: "boolean", description: "Read control tokens such as <|im_end|> as what they are; without it they are text" },
    ...jsonArg,
  },
  async run({ args }) {
    const { createTokenizer } = await import("../../src/tokenizer/tokenizer.ts");
    const { metadata } = await readHeader(args.model);
    const ids = createTokenizer(metadata).encode(args.text, { special: args.special ?? false });
    console.log(args.json ? JSON.stringify(ids) : ids.join(" "));
  },
});
