/** POST /v1/responses */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { EFFORTS } from "./chat.ts";
import { content, flag, hints, integer, jsonSchema, number, record, sampling, text } from "./fields.ts";

/** Of each type of item, what must be there is checked where messages are made of them. */
const item = z.looseObject({
  type: text,
  id: text,
  role: text,
  content: z.nullish(content),
  summary: z.nullish(z.array(record)),
  call_id: text,
  name: text,
  arguments: text,
  output: z.nullish(content),
});

export const responseTool = z.looseObject({
  type: z.literal("function"),
  name: z.string().check(z.minLength(1)),
  description: text,
  parameters: z.nullish(jsonSchema),
  strict: flag,
});

const named = z.looseObject({ type: z.literal("function"), name: z.string() });

export const responseBody = new Body({
  fields: {
    model: text,
    input: z.nullish(z.union([z.string(), z.array(item)])),
    instructions: text,
    previous_response_id: text,
    store: flag,
    stream: flag,
    stream_options: z.nullish(z.looseObject({ include_obfuscation: flag })),
    ...sampling,
    max_output_tokens: integer,
    top_logprobs: integer,
    include: z.nullish(z.array(z.string())),
    tools: z.nullish(z.array(responseTool)),
    tool_choice: z.nullish(
      z.union([
        z.enum(["auto", "none", "required"]),
        named,
        z.looseObject({ type: z.literal("allowed_tools"), mode: z.enum(["auto", "required"]), tools: z.array(named) }),
      ]),
    ),
    parallel_tool_calls: flag,
    text: z.nullish(
      z.looseObject({
        format: z.nullish(
          z.union([
            z.looseObject({ type: z.literal("text") }),
            z.looseObject({ type: z.literal("json_object") }),
            z.looseObject({ type: z.literal("json_schema"), name: text, description: text, schema: jsonSchema, strict: flag }),
          ]),
        ),
        verbosity: text,
      }),
    ),
    reasoning: z.nullish(z.looseObject({ effort: z.nullish(z.enum(EFFORTS)), summary: text, generate_summary: text })),
    metadata: z.nullish(record),
    user: text,
    safety_identifier: text,
    prompt_cache_key: text,
    max_tool_calls: number,
  },
  hints: hints.filter((name) => !["metadata", "user", "safety_identifier", "prompt_cache_key", "store"].includes(name)),
  refused: {
    access_programs: { why: "there are none here; leave it out" },
    background: { why: "a reply is made while its client waits; leave it out", but: [false] },
    context_management: { why: "a conversation is not made shorter here; leave it out", but: [[]] },
    conversation: { why: "conversations are not kept here; use previous_response_id" },
    image: { why: "this server writes text only; leave it out" },
    moderation: { why: "nothing is moderated here; leave it out" },
    prompt: { why: "prompts are not kept here; use instructions and input" },
    truncation: { why: "nothing is cut in silence; leave it out", but: ["disabled"] },
  },
});
