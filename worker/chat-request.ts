/** The body of POST /v1/chat/completions, checked, as the library's messages and options. */
import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";
import type { ChatOptions, Message, Tool } from "../src/index.ts";
import { ApiError } from "./errors.ts";

// workerd refuses `new Function`; interpreting is fast enough for bodies.
z.config({ ...en(), jitless: true });

const number = z.nullish(z.number());
const integer = z.nullish(z.int());
const flag = z.nullish(z.boolean());

const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string().check(z.minLength(1)),
    description: z.nullish(z.string()),
    parameters: z.nullish(z.union([z.record(z.string(), z.unknown()), z.boolean()])),
    strict: flag,
  }),
});

/** Ranges are the library's to check, and so are messages: it names the place in them that is wrong. */
const chatRequest = z.looseObject({
  model: z.nullish(z.string()),
  messages: z.array(z.looseObject({ role: z.string() })).check(z.minLength(1)),
  stream: flag,
  stream_options: z.nullish(z.looseObject({ include_usage: flag })),

  temperature: number,
  top_k: integer,
  top_p: number,
  min_p: number,
  typical_p: number,
  repetition_penalty: number,
  presence_penalty: number,
  frequency_penalty: number,
  logit_bias: z.nullish(z.record(z.string(), z.number())),
  seed: integer,

  max_tokens: integer,
  max_completion_tokens: integer,
  min_tokens: integer,
  ignore_eos: flag,
  stop: z.nullish(z.union([z.string(), z.array(z.string())])),
  stop_token_ids: z.nullish(z.array(z.int())),
  n: integer,
  logprobs: flag,
  top_logprobs: integer,

  tools: z.nullish(z.array(tool)),
  tool_choice: z.nullish(
    z.union([
      z.enum(["auto", "none", "required"]),
      z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) }),
    ]),
  ),
  response_format: z.nullish(z.looseObject({ type: z.string() })),
  chat_template_kwargs: z.nullish(z.record(z.string(), z.unknown())),
});

export interface ChatRequest {
  readonly model: string | undefined;
  readonly messages: Message[];
  readonly options: ChatOptions;
  readonly stream: boolean;
  readonly includeUsage: boolean; // in a stream
}

/** @throws {ApiError} 400, `param` names the field. */
export function readChatRequest(body: unknown): ChatRequest {
  const { success, data, error } = chatRequest.safeParse(body);
  if (!success) throw describe(error);
  refuseUnsupported(data);
  if (data.top_logprobs != null && data.logprobs !== true) {
    throw new ApiError(400, "top_logprobs needs logprobs: true", { param: "top_logprobs", code: "invalid_value" });
  }
  const options: ChatOptions = present({
    temperature: data.temperature,
    topK: data.top_k,
    topP: data.top_p,
    minP: data.min_p,
    typicalP: data.typical_p,
    repetitionPenalty: data.repetition_penalty,
    presencePenalty: data.presence_penalty,
    frequencyPenalty: data.frequency_penalty,
    logitBias: data.logit_bias,
    seed: data.seed,
    maxTokens: data.max_completion_tokens ?? data.max_tokens,
    minTokens: data.min_tokens,
    ignoreEos: data.ignore_eos,
    stop: data.stop,
    stopTokenIds: data.stop_token_ids,
    n: data.n,
    logprobs: data.logprobs === true ? (data.top_logprobs ?? 0) : undefined,
    tools: data.tools?.map(toTool),
    toolChoice: typeof data.tool_choice === "object" ? data.tool_choice?.function : data.tool_choice,
    templateArguments: data.chat_template_kwargs,
  });
  return {
    model: data.model ?? undefined,
    messages: data.messages as unknown as Message[],
    options,
    stream: data.stream === true,
    includeUsage: data.stream_options?.include_usage === true,
  };
}

/** As the client wrote it, nulls aside: the template prints all of a tool. */
function toTool({ function: declared, ...rest }: z.output<typeof tool>): Tool {
  return { ...rest, function: present(declared) } as Tool;
}

/** The fields that have a value. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as { [K in keyof T]?: NonNullable<T[K]> };
}

function describe({ issues: [issue] }: z.core.$ZodError): ApiError {
  const path = (issue?.path ?? []).map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  const param = path.slice(1) || null;
  const message = `${param === null ? "the request body" : param.slice(0, 200)}: ${issue?.message ?? "invalid"}`;
  return new ApiError(400, message, { param: param && (/^\w+/.exec(param)?.[0] ?? null), code: "invalid_value" });
}

/** Fields of OpenAI, llama-server and vLLM that would change the answer and are not obeyed here: to ignore one would be a wrong answer that looks right. */
const UNSUPPORTED = [
  "functions",
  "function_call",
  "audio",
  "reasoning_effort",
  "web_search_options",
  "grammar",
  "json_schema",
  "structured_outputs",
  "guided_json",
  "guided_regex",
  "guided_choice",
  "guided_grammar",
];
/** Others of them have a value that asks for nothing. */
const UNSUPPORTED_BUT: Readonly<Record<string, unknown>> = {
  parallel_tool_calls: true,
  modalities: ["text"],
  verbosity: "medium",
  best_of: 1,
  use_beam_search: false,
};

function refuseUnsupported(body: z.output<typeof chatRequest>): void {
  const refuse = (param: string, field: string, why: string): never => {
    throw new ApiError(400, `${field} is not supported: ${why}`, { param, code: "unsupported_parameter" });
  };
  const why = "it cannot be obeyed yet; leave it out";
  const { response_format: format } = body;
  if (format != null && format.type !== "text") refuse("response_format", "response_format", 'only { "type": "text" } is');
  for (const name of UNSUPPORTED) if (body[name] != null) refuse(name, name, why);
  for (const [name, asksForNothing] of Object.entries(UNSUPPORTED_BUT)) {
    const value = body[name];
    if (value != null && JSON.stringify(value) !== JSON.stringify(asksForNothing)) refuse(name, name, why);
  }
  for (const [i, { function: declared }] of (body.tools ?? []).entries()) {
    if (declared.strict === true)
      refuse("tools", `tools[${i}].function.strict`, "arguments are not held to the schema yet; leave it out or pass false");
  }
}
