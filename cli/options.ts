/** Flags that several commands share, and what they mean to the library. */
import type { ArgsDef } from "citty";
import { resolveGeneration } from "../src/generate/options.ts";
import type { GenerateOptions, LoadOptions, Message } from "../src/types.ts";
import { readText } from "./files.ts";
import { parseNumber, parseWhole } from "./values.ts";

export const modelArgs = {
  threads: { type: "string", valueHint: "N", description: "Threads to compute with" },
  ctx: { type: "string", valueHint: "TOKENS", description: "Context length" },
  unpaired: { type: "boolean", description: "Without V8's pairing of vectors, which is faster where it exists" },
  "chat-template": { type: "string", valueHint: "FILE", description: "A Jinja chat template in place of the model's own" },
} as const satisfies ArgsDef;

export const generationArgs = {
  system: { type: "string", valueHint: "TEXT", description: "System message" },
  "max-tokens": { type: "string", alias: "n", valueHint: "N", description: "Tokens of a reply at most" },
  stop: { type: "string", valueHint: "TEXT", description: "End the reply before this text; may be repeated" },
  temperature: {
    type: "string",
    valueHint: "T",
    description: "0 takes the likeliest token; default: what the model wants, and so for the next four",
  },
  "top-k": { type: "string", valueHint: "K", description: "Only the K likeliest tokens; 0: all" },
  "top-p": { type: "string", valueHint: "P", description: "Only the likeliest tokens that make up P" },
  "min-p": { type: "string", valueHint: "P", description: "Only tokens at least P times as likely as the likeliest" },
  "repetition-penalty": { type: "string", valueHint: "R", description: "Above 1: what was said becomes less likely" },
  seed: { type: "string", valueHint: "N", description: "The same seed gives the same reply" },
} as const satisfies ArgsDef;

export const quietArg = { quiet: { type: "boolean", alias: "q", description: "Nothing on stderr but errors" } } as const satisfies ArgsDef;
export const jsonArg = { json: { type: "boolean", description: "Print JSON" } } as const satisfies ArgsDef;
export const modelArg = {
  model: { type: "positional", required: false, description: "A GGUF file or its URL; default: the package's demonstration model" },
} as const satisfies ArgsDef;

type Values<T extends ArgsDef> = { readonly [K in keyof T]?: string | undefined };

export async function loadOptions(
  args: Omit<Values<typeof modelArgs>, "unpaired"> & { unpaired?: boolean | undefined },
): Promise<LoadOptions> {
  const template = args["chat-template"];
  return present({
    threads: parseWhole(args.threads, "--threads"),
    pairVectors: !args.unpaired,
    contextLength: parseWhole(args.ctx, "--ctx"),
    chatTemplate: template === undefined ? undefined : await readText(template),
  });
}

/** Ranges are checked here too: a mistake should not take the loading of a model to be found. @throws {UsageError | RangeError} */
export function generateOptions(args: Values<typeof generationArgs>, stop: readonly string[] | undefined): GenerateOptions {
  const options: GenerateOptions = present({
    maxTokens: parseWhole(args["max-tokens"], "--max-tokens"),
    temperature: parseNumber(args.temperature, "--temperature"),
    topK: parseWhole(args["top-k"], "--top-k"),
    topP: parseNumber(args["top-p"], "--top-p"),
    minP: parseNumber(args["min-p"], "--min-p"),
    repetitionPenalty: parseNumber(args["repetition-penalty"], "--repetition-penalty"),
    seed: parseWhole(args.seed, "--seed"),
    stop: stop && [...stop],
  });
  resolveGeneration(options, {}, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return options;
}

export function systemMessage({ system }: Values<typeof generationArgs>): Message[] {
  return system === undefined ? [] : [{ role: "system", content: system }];
}

function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}
