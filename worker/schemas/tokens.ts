/** POST /tokenize, /detokenize and /apply-template */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { message } from "./chat.ts";
import { flag, record, text, tool } from "./fields.ts";

export const tokenizeBody = new Body({
  fields: { model: text, content: text, prompt: text, add_special: flag, parse_special: flag, with_pieces: flag },
});

export const detokenizeBody = new Body({
  fields: { model: text, tokens: z.array(z.int()), special: flag },
});

export const templateBody = new Body({
  fields: {
    model: text,
    messages: z.array(message).check(z.minLength(1)),
    tools: z.nullish(z.array(tool)),
    add_generation_prompt: flag,
    chat_template_kwargs: z.nullish(record),
  },
});
