/** POST /v1/chat/completions */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { constraints, content, flag, hints, integer, jsonSchema, length, record, sampling, streamOptions, text, tool } from "./fields.ts";

const call = z.looseObject({
  id: text,
  type: text,
  function: z.nullish(z.looseObject({ name: z.string(), arguments: z.nullish(z.union([z.string(), record])) })),
});

/** What else a message may hold depends on its role; the library names the place in it that is wrong. */
export const message = z.looseObject({
  role: z.string(),
  content: z.nullish(content),
  reasoning_content: text,
  tool_calls: z.nullish(z.array(call)),
  tool_call_id: text,
  name: text,
});

const named = z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) });

export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

export const chatBody = new Body({
  fields: {
    model: text,
    messages: z.array(message).check(z.minLength(1)),
    stream: flag,
    stream_options: streamOptions,
    ...sampling,
    ...length,
    max_completion_tokens: integer,
    n: integer,
    logprobs: flag,
    top_logprobs: integer,
    tools: z.nullish(z.array(tool)),
    tool_choice: z.nullish(
      z.union([
        z.enum(["auto", "none", "required"]),
        named,
        z.looseObject({
          type: z.literal("allowed_tools"),
          allowed_tools: z.looseObject({ mode: z.enum(["auto", "required"]), tools: z.array(named) }),
        }),
      ]),
    ),
    parallel_tool_calls: flag,
    response_format: z.nullish(
      z.union([
        z.looseObject({ type: z.literal("text") }),
        // llama-server takes a schema here too, and there without a name.
        z.looseObject({ type: z.literal("json_object"), schema: z.nullish(jsonSchema) }),
        z.looseObject({
          type: z.literal("json_schema"),
          json_schema: z.looseObject({ name: text, description: text, schema: z.nullish(jsonSchema), strict: flag }),
        }),
        z.looseObject({ type: z.literal("json_schema"), schema: jsonSchema }),
      ]),
    ),
    ...constraints,
    reasoning_effort: z.nullish(z.enum(EFFORTS)),
    max_thinking_tokens: integer,
    chat_template_kwargs: z.nullish(record),
  },
  hints: [...hints, "prediction", "verbosity"],
  refused: {
    audio: { why: "this server writes text only; leave it out" },
    modalities: { why: 'only ["text"] is answered', but: [["text"]] },
    functions: { why: "it was replaced by tools; use those" },
    function_call: { why: "it was replaced by tool_choice; use that" },
    moderation: { why: "nothing is moderated here; leave it out" },
    web_search_options: { why: "nothing is looked up here; leave it out" },
    best_of: { why: "replies are not ranked; leave it out", but: [1] },
    use_beam_search: { why: "replies are sampled; leave it out", but: [false] },
  },
});
