/** What stands between the call tokens, as calls: in Python's syntax or in JSON. */
import type { JsonSchema, Tool } from "../types.ts";
import { BareWord, CallReader, type Written } from "./call-reader.ts";
import { child, coerce, isSound, parseJson } from "./coerce.ts";

/** UTF-16 units; a longer body is text. */
export const MAX_CALL_BODY = 2 ** 20;

export interface ParsedCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/**
 * The calls of a body: none for an empty list. A broken call among good ones is left out.
 *
 * @returns Undefined: the body is not, or not completely, a list of calls; it is text.
 */
export function parseCallBody(body: string, tools: readonly Tool[]): ParsedCall[] | undefined {
  const text = body.trim();
  if (text.length > MAX_CALL_BODY) return undefined;
  return /^(?:\[\s*)?\{/.test(text) ? jsonCalls(text, tools) : pythonicCalls(text, tools);
}

function pythonicCalls(text: string, tools: readonly Tool[]): ParsedCall[] | undefined {
  const written = new CallReader(text).calls();
  if (written === undefined) return undefined;
  const calls = written.map(({ name, arguments: args }) => finish(name, args, tools)).filter((call) => call !== undefined);
  return calls.length > 0 || written.length === 0 ? calls : undefined;
}

/** One object, a list of them, or several in a row; models also write them with Python's quotes and literals. */
function jsonCalls(text: string, tools: readonly Tool[]): ParsedCall[] | undefined {
  const json = parseJson(text);
  const values = json === undefined ? new CallReader(text).values() : [json];
  if (values === undefined) return undefined;
  const calls = values
    .flat()
    .map((value) => jsonCall(value, tools))
    .filter((call) => call !== undefined);
  return calls.length > 0 ? calls : undefined;
}

function jsonCall(value: unknown, tools: readonly Tool[]): ParsedCall | undefined {
  if (!isObject(value)) return undefined;
  const callee = isObject(value["function"]) ? value["function"] : value;
  const { name } = callee;
  if (typeof name !== "string" || name === "") return undefined;
  let args: unknown = callee["arguments"] ?? callee["parameters"] ?? {};
  if (typeof args === "string") args = args.trim() === "" ? {} : parseJson(args); // once: strings inside stay strings
  if (!isObject(args) || !isSound(args)) return undefined;
  const entries = Object.entries(args).map(([key, item]): [string, Written] => [key, { value: item, source: JSON.stringify(item) }]);
  return finish(name, entries, tools);
}

/** Undefined: a word without quotes is no value of its parameter. */
function finish(name: string, args: Iterable<readonly [string, Written]>, tools: readonly Tool[]): ParsedCall | undefined {
  const properties = child(tools.find((tool) => tool.function.name === name)?.function.parameters, "properties");
  const entries: [string, unknown][] = [];
  for (const [key, { value, source }] of args) {
    const schema = child(properties, key);
    const coerced = coerce(value instanceof BareWord ? value.text : value, schema, source);
    if (value instanceof BareWord && !takesWord(schema, coerced)) return undefined;
    entries.push([key, coerced]);
  }
  return { name, arguments: Object.fromEntries(entries) };
}

const takesWord = (schema: JsonSchema | undefined, coerced: unknown): boolean =>
  typeof coerced !== "string" || (typeof schema === "object" && [schema["type"]].flat().includes("string")) || isEnumValue(schema, coerced);
const isEnumValue = (schema: JsonSchema | undefined, value: unknown): boolean =>
  typeof schema === "object" && Array.isArray(schema["enum"]) && schema["enum"].includes(value);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
