/** POST /v1/messages and /v1/messages/count_tokens, as Anthropic's clients ask. */
import * as z from "zod/mini";
import { Body } from "./body.ts";
import { flag, integer, jsonSchema, number, record, text } from "./fields.ts";

const block = z.looseObject({ type: z.string() });
const blocks = z.union([z.string(), z.array(block)]);

export const anthropicTool = z.looseObject({
  type: z.nullish(z.literal("custom")),
  name: z.string().check(z.minLength(1)),
  description: text,
  input_schema: record,
  strict: flag,
});

const prompt = {
  model: text,
  messages: z.array(z.looseObject({ role: z.enum(["user", "assistant", "system"]), content: blocks })).check(z.minLength(1)),
  system: z.nullish(blocks),
  tools: z.nullish(z.array(anthropicTool)),
  tool_choice: z.nullish(
    z.union([
      z.looseObject({ type: z.enum(["auto", "any"]), disable_parallel_tool_use: flag }),
      z.looseObject({ type: z.literal("none") }),
      z.looseObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: flag }),
    ]),
  ),
  thinking: z.nullish(
    z.union([
      z.looseObject({ type: z.literal("enabled"), budget_tokens: z.int(), display: text }),
      z.looseObject({ type: z.literal("disabled") }),
      z.looseObject({ type: z.literal("adaptive"), display: text }),
    ]),
  ),
  output_config: z.nullish(
    z.looseObject({
      effort: z.nullish(z.enum(["low", "medium", "high", "xhigh", "max"])),
      format: z.nullish(z.looseObject({ type: z.literal("json_schema"), schema: jsonSchema })),
    }),
  ),
};

const hints = [
  "cache_control",
  "context_management",
  "diagnostics",
  "metadata",
  "service_tier",
  "inference_geo",
  "speed",
  "user_profile_id",
  "workspace_id",
];
const refused = {
  container: { why: "nothing is run here; leave it out" },
  mcp_servers: { why: "other servers are not asked here; leave it out", but: [[]] },
};

export const messagesBody = new Body({
  fields: {
    ...prompt,
    max_tokens: z.int(),
    stream: flag,
    stop_sequences: z.nullish(z.array(z.string())),
    temperature: number,
    top_k: integer,
    top_p: number,
  },
  hints,
  refused,
});

export const countBody = new Body({ fields: prompt, hints, refused });
