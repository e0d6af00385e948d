/** POST /v1/embeddings */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { flag, hints, integer, text } from "./fields.ts";

/** Texts of one request. */
export const MAX_INPUTS = 2048;

export const embeddingBody = new Body({
  fields: {
    model: text,
    input: z.union([
      z.string(),
      z.array(z.int()).check(z.minLength(1)),
      z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_INPUTS)),
      z.array(z.array(z.int())).check(z.minLength(1), z.maxLength(MAX_INPUTS)),
    ]),
    encoding_format: z.nullish(z.enum(["float", "base64"])),
    dimensions: integer,
    pooling: z.nullish(z.enum(["mean", "last", "cls"])),
    normalize: flag,
  },
  hints,
});
