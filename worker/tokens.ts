/** POST /tokenize, /detokenize and /apply-template: what a model makes of text, without computing anything. */
import type { Context } from "hono";
import { chatMessages } from "./chat/request.ts";
import { ApiError } from "./errors.ts";
import type { Models } from "./models.ts";
import { present, toTool } from "./options.ts";
import { readBody } from "./request.ts";
import { detokenizeBody, templateBody, tokenizeBody } from "./schemas/tokens.ts";

/** llama-server's names and vLLM's: content or prompt. */
export function tokenize(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const body = await readBody(c, tokenizeBody);
    const { model } = models.find(body.model, c);
    const content = body.content ?? body.prompt;
    if (content == null) throw new ApiError(400, "content is missing: the text to tokenise", { param: "content", code: "invalid_value" });
    const ids = model.tokenize(content, { special: body.parse_special !== false, bos: body.add_special === true });
    const tokens = body.with_pieces === true ? ids.map((id) => ({ id, piece: model.detokenize([id], { special: true }) })) : ids;
    return c.json({ tokens, count: ids.length, max_model_len: model.info.contextLength });
  };
}

export function detokenize(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const body = await readBody(c, detokenizeBody);
    const { model } = models.find(body.model, c);
    const { vocabularySize } = model.info;
    const wrong = body.tokens.find((id) => id < 0 || id >= vocabularySize);
    if (wrong !== undefined)
      throw new ApiError(400, `tokens names ${wrong}, the vocabulary has ${vocabularySize}`, { param: "tokens", code: "invalid_value" });
    const content = model.detokenize(body.tokens, { special: body.special !== false });
    return c.json({ content, prompt: content });
  };
}

export function applyTemplate(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const body = await readBody(c, templateBody);
    const { model } = models.find(body.model, c);
    const options = present({
      tools: body.tools?.map(toTool),
      addGenerationPrompt: body.add_generation_prompt,
      templateArguments: body.chat_template_kwargs,
    });
    return c.json({ prompt: model.applyTemplate(chatMessages(body), options) });
  };
}
