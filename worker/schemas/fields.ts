/** Fields that several APIs share. */
import * as z from "zod/mini";

export const number = z.nullish(z.number());
export const integer = z.nullish(z.int());
/** Beyond 2⁵³ too, where zod's own integer ends; its `multipleOf` is what the document says, and lets tiny fractions through. */
const wholeNumber = z.number().check(z.multipleOf(1), z.refine(Number.isInteger, "expected a whole number"));
export const flag = z.nullish(z.boolean());
export const text = z.nullish(z.string());
export const record = z.record(z.string(), z.unknown());
export const jsonSchema = z.union([record, z.boolean()]);

/** Text, or parts of which each says its type: that it is text is checked where the prompt is made. */
export const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);

/** Ranges are the library's to check. */
export const sampling = {
  temperature: number,
  top_k: integer,
  top_p: number,
  min_p: number,
  typical_p: number,
  repetition_penalty: number,
  presence_penalty: number,
  frequency_penalty: number,
  logit_bias: z.nullish(z.record(z.string(), z.number())),
  seed: z.nullish(wholeNumber),
};

export const length = {
  max_tokens: integer,
  min_tokens: integer,
  ignore_eos: flag,
  stop: z.nullish(z.union([z.string(), z.array(z.string())])),
  stop_token_ids: z.nullish(z.array(z.int())),
};

/** vLLM's and llama-server's ways to hold a reply to a form; at most one of them. */
export const constraints = {
  structured_outputs: z.nullish(
    z.looseObject({
      json: z.nullish(z.union([jsonSchema, z.string()])),
      regex: text,
      choice: z.nullish(z.array(z.string())),
      grammar: text,
      json_object: flag,
    }),
  ),
  guided_json: z.nullish(z.union([jsonSchema, z.string()])),
  guided_regex: text,
  guided_choice: z.nullish(z.array(z.string())),
  guided_grammar: text,
  json_schema: z.nullish(jsonSchema),
  grammar: text,
};

export const streamOptions = z.nullish(z.looseObject({ include_usage: flag, include_obfuscation: flag }));

export const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string().check(z.minLength(1)),
    description: text,
    parameters: z.nullish(jsonSchema),
    strict: flag,
  }),
});

/** Hints of OpenAI's that change nothing here. */
export const hints = [
  "metadata",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
  "cache_prompt",
] as const;
