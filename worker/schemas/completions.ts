/** POST /v1/completions */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { constraints, flag, hints, integer, length, sampling, streamOptions, text } from "./fields.ts";

/** Prompts of one request. */
export const MAX_PROMPTS = 128;

export const completionBody = new Body({
  fields: {
    model: text,
    prompt: z.nullish(
      z.union([
        z.string(),
        z.array(z.int()),
        z.array(z.string()).check(z.maxLength(MAX_PROMPTS)),
        z.array(z.array(z.int())).check(z.maxLength(MAX_PROMPTS)),
      ]),
    ),
    stream: flag,
    stream_options: streamOptions,
    ...sampling,
    ...length,
    n: integer,
    logprobs: integer,
    echo: flag,
    ...constraints,
  },
  hints,
  refused: {
    suffix: { why: "text is only continued at its end; leave it out", but: [""] },
    best_of: { why: "replies are not ranked; leave it out", but: [1] },
    use_beam_search: { why: "replies are sampled; leave it out", but: [false] },
  },
});
