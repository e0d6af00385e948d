/** Fields that several APIs share, as the library's options. */
import type { ChatOptions, GenerateOptions, ModelInfo, ResponseFormat, Tool } from "../src/index.ts";
import { ApiError } from "./errors.ts";
import type { Sent } from "./field-names.ts";
import type { EFFORTS } from "./schemas/chat.ts";

export type Effort = (typeof EFFORTS)[number];

/** Thinking tokens by effort. From "medium" up the model decides, as it does where nothing is said. */
const THINKING: Partial<Record<Effort, number>> = { none: 0, minimal: 128, low: 512 };

/** A cap on thinking, for a model that thinks. */
export function thinkingOptions(
  info: ModelInfo,
  effort: Effort | null | undefined,
  cap?: number | null,
): Pick<ChatOptions, "maxThinkingTokens"> {
  const maxThinkingTokens = cap ?? (effort && THINKING[effort]);
  return maxThinkingTokens !== undefined && maxThinkingTokens !== null && info.reasoning ? { maxThinkingTokens } : {};
}

type Nullish<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

interface Sampled {
  temperature: number;
  top_k: number;
  top_p: number;
  min_p: number;
  typical_p: number;
  repetition_penalty: number;
  presence_penalty: number;
  frequency_penalty: number;
  logit_bias: Record<string, number>;
  seed: number;
}

interface Ended {
  max_tokens: number;
  min_tokens: number;
  ignore_eos: boolean;
  stop: string | string[];
  stop_token_ids: number[];
}

/** Those that were given. */
export function generateOptions(body: Nullish<Sampled & Ended>): GenerateOptions {
  return present({
    temperature: body.temperature,
    topK: body.top_k,
    topP: body.top_p === 0 ? Number.EPSILON : body.top_p, // OpenAI takes 0: the likeliest token
    minP: body.min_p,
    typicalP: body.typical_p,
    repetitionPenalty: body.repetition_penalty,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    logitBias: body.logit_bias,
    seed: body.seed == null ? undefined : wholeSeed(body.seed),
    maxTokens: body.max_tokens,
    minTokens: body.min_tokens,
    ignoreEos: body.ignore_eos,
    stop: body.stop,
    stopTokenIds: body.stop_token_ids,
  });
}

/** Clients draw seeds of 63 bits, which have lost their last ones when JSON has been read; the library takes 53. */
function wholeSeed(seed: number): number {
  return Number.isSafeInteger(seed) ? seed : Number(BigInt(seed) % BigInt(Number.MAX_SAFE_INTEGER));
}

/** The fields that have a value. */
export function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** As the client wrote it, nulls aside: the template prints all of a tool. */
export function toTool({ function: declared, ...rest }: { type: "function"; function: Readonly<Record<string, unknown>> }): Tool {
  return { ...rest, function: present(declared) } as Tool;
}

type Schema = Extract<ResponseFormat, { type: "json_schema" }>["schema"];

interface Constraints {
  response_format: {
    type: string;
    json_schema?: { schema?: Schema | null | undefined } | null | undefined;
    schema?: Schema | null | undefined;
  };
  structured_outputs: Nullish<{ json: Schema | string; regex: string; choice: string[]; grammar: string; json_object: boolean }>;
  guided_json: Schema | string;
  guided_regex: string;
  guided_choice: string[];
  guided_grammar: string;
  json_schema: Schema;
  grammar: string;
}

/** One way that a request says what a reply is held to. */
interface Form {
  readonly field: string;
  /** Of the library's option what the field is, for errors. */
  readonly part: "type" | "schema" | "pattern" | "grammar" | "choices";
  /** @throws {ApiError} 400: a schema that is no JSON. */
  readonly make: () => ResponseFormat;
}

/** What a reply is held to, whichever way it was said. @throws {ApiError} 400: in more than one way, or a schema that is no JSON. */
export function responseFormat(body: Nullish<Constraints>): Pick<ChatOptions, "responseFormat"> {
  const [first, second] = formsOf(body);
  if (second)
    throw new ApiError(400, `${second.field} cannot be given beside ${first!.field}: a reply is held to one form`, {
      param: /^\w+/.exec(second.field)![0],
      code: "invalid_value",
    });
  return first ? { responseFormat: first.make() } : {};
}

/** In which field that was, where it is another than errors name by themselves. */
export function formatField(body: Nullish<Constraints>): Sent {
  const [first] = formsOf(body);
  return !first || first.field === "response_format" ? {} : { responseFormat: first.field, [`responseFormat.${first.part}`]: first.field };
}

function formsOf(body: Nullish<Constraints>): Form[] {
  const forms: Form[] = [];
  const add = <T>(field: string, part: Form["part"], value: T | null | undefined, format: (value: T) => ResponseFormat): void => {
    if (value != null) forms.push({ field, part, make: () => format(value) });
  };
  const json = (field: string) => (schema: Schema | string) => ({ type: "json_schema" as const, schema: parseSchema(schema, field) });
  const regex = (pattern: string): ResponseFormat => ({ type: "regex", pattern });
  const gbnf = (grammar: string): ResponseFormat => ({ type: "gbnf", grammar });
  const choice = (choices: string[]): ResponseFormat => ({ type: "choice", choices });

  const { response_format: format, structured_outputs: outputs } = body;
  if (format && format.type !== "text") {
    const { type, json_schema: named, schema } = format; // llama-server's clients send a schema without a name, also of a json_object
    if (named || schema == null) add("response_format", "type", format, () => formatOf(type, named?.schema));
    else add("response_format.schema", "schema", schema, (one) => formatOf("json_schema", one));
  }
  if (outputs) {
    add("structured_outputs.json", "schema", outputs.json, json("structured_outputs"));
    add("structured_outputs.regex", "pattern", outputs.regex, regex);
    add("structured_outputs.choice", "choices", outputs.choice, choice);
    add("structured_outputs.grammar", "grammar", outputs.grammar, gbnf);
    if (outputs.json_object) add("structured_outputs.json_object", "type", true, () => ({ type: "json_object" }));
  }
  add("guided_json", "schema", body.guided_json, json("guided_json"));
  add("guided_regex", "pattern", body.guided_regex, regex);
  add("guided_choice", "choices", body.guided_choice, choice);
  add("guided_grammar", "grammar", body.guided_grammar, gbnf);
  add("json_schema", "schema", body.json_schema, json("json_schema"));
  if (body.grammar !== "") add("grammar", "grammar", body.grammar, gbnf);
  return forms;
}

const formatOf = (type: string, schema: Schema | null | undefined): ResponseFormat =>
  type === "json_schema" ? { type, schema: schema ?? {} } : { type: "json_object" };

function parseSchema(schema: Schema | string, param: string): Schema {
  if (typeof schema !== "string") return schema;
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw new ApiError(400, `${param} is a text that is no JSON`, { param, code: "invalid_value" });
  }
  if (typeof parsed === "boolean" || (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))) return parsed as Schema;
  throw new ApiError(400, `${param} is no JSON Schema`, { param, code: "invalid_value" });
}

export type ToolChoice =
  | "auto"
  | "none"
  | "required"
  | { readonly name: string }
  | { readonly mode: "auto" | "required"; readonly allowed: readonly string[] };

/** The tools that a reply may use, and how. @throws {ApiError} 400 */
export function toolOptions(
  tools: Tool[] | undefined,
  choice: ToolChoice | undefined,
  parallel: boolean | null | undefined,
): Pick<ChatOptions, "tools" | "toolChoice" | "parallelToolCalls"> {
  const known = (name: string): void => {
    if (!tools?.some((tool) => tool.function.name === name))
      throw new ApiError(400, `tool_choice names ${JSON.stringify(name.slice(0, 100))}, which is not among the tools`, {
        param: "tool_choice",
        code: "invalid_value",
      });
  };
  const rest = parallel == null ? {} : { parallelToolCalls: parallel };
  if (typeof choice === "object" && "allowed" in choice) {
    choice.allowed.forEach(known);
    const allowed = (tools ?? []).filter((tool) => choice.allowed.includes(tool.function.name));
    return { tools: allowed, toolChoice: choice.mode, ...rest };
  }
  if (typeof choice === "object") known(choice.name);
  if (choice === "required" && !tools?.length)
    throw new ApiError(400, "tool_choice is required, but there are no tools", { param: "tool_choice", code: "invalid_value" });
  return { ...(tools && { tools }), ...(choice && { toolChoice: choice }), ...rest };
}
