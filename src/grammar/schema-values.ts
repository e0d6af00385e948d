/** Whether a value satisfies a schema, as far as keywords of the grammar go: it decides which of an enum's values stay. */
import { formatMachine } from "./formats.ts";
import { matches } from "./machine.ts";
import { patternMachine, type SchemaObject, type Schemas, type SchemaPart } from "./schema-source.ts";
import { spend } from "./work.ts";

/** What a look at a value costs, beside a step of an automaton. */
const STEPS = 8;

const encoder = new TextEncoder();
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const known = new WeakMap<readonly unknown[], ReadonlySet<string>>();

/** Of an enum's values, so that one of thousands is found at once. */
function spellings(values: readonly unknown[]): ReadonlySet<string> {
  const found = known.get(values) ?? new Set(values.map(spelling));
  known.set(values, found);
  return found;
}

/** A text that only JSON's equals have: 1 is 1.0, the order of keys does not matter. */
function spelling(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spelling).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${spelling(value[key])}`).join()}}`;
}

export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** @param schemas Resolves references. `depth` ends references that lead back to themselves with the same value. */
export function satisfies(value: unknown, part: SchemaPart, schemas: Schemas, depth = 0): boolean {
  spend(STEPS);
  if (typeof part === "boolean") return part;
  if (depth > 200) return false;
  const all = (parts: readonly SchemaPart[]): boolean => parts.every((one) => satisfies(value, one, schemas, depth + 1));
  const types = schemas.types(part);
  const type = typeOf(value);
  if (types && !types.has(type) && !(type === "integer" && types.has("number"))) return false;
  if (part["enum"] !== undefined && !spellings(part["enum"] as unknown[]).has(spelling(value))) return false;
  if ("const" in part && spelling(part["const"]) !== spelling(value)) return false;
  if (part["$ref"] !== undefined && !all([schemas.resolve(part["$ref"] as string)])) return false;
  if (part["allOf"] !== undefined && !all(part["allOf"] as SchemaPart[])) return false;
  const holding = (parts: unknown): number => (parts as SchemaPart[]).filter((one) => all([one])).length;
  if (part["anyOf"] !== undefined && holding(part["anyOf"]) === 0) return false;
  if (part["oneOf"] !== undefined && holding(part["oneOf"]) !== 1) return false;
  if (typeof value === "number") return inRange(value, part);
  if (typeof value === "string") return isText(value, part);
  if (Array.isArray(value)) {
    const { prefix, rest } = schemas.items(part);
    return (
      value.length >= ((part["minItems"] as number | undefined) ?? 0) &&
      value.length <= ((part["maxItems"] as number | undefined) ?? Infinity) &&
      value.every((item, i) => satisfies(item, prefix[i] ?? rest, schemas, depth + 1))
    );
  }
  if (!isObject(value)) return true;
  return (
    ((part["required"] as string[] | undefined) ?? []).every((key) => Object.hasOwn(value, key)) &&
    Object.keys(value).every((key) => satisfies(key, (part["propertyNames"] ?? true) as SchemaPart, schemas, depth + 1)) &&
    Object.entries(value).every(([key, item]) => schemas.ofKey(part, key).every((one) => satisfies(item, one, schemas, depth + 1)))
  );
}

function inRange(value: number, part: SchemaObject): boolean {
  const limit = (name: string, holds: (limit: number) => boolean): boolean => part[name] === undefined || holds(part[name] as number);
  return (
    limit("minimum", (low) => value >= low) &&
    limit("maximum", (high) => value <= high) &&
    limit("exclusiveMinimum", (low) => value > low) &&
    limit("exclusiveMaximum", (high) => value < high) &&
    limit("multipleOf", (step) => Number.isInteger(value) && value % step === 0)
  );
}

function isText(value: string, part: SchemaObject): boolean {
  const bytes = encoder.encode(value);
  const length = Array.from(value).length; // characters
  return (
    length >= ((part["minLength"] as number | undefined) ?? 0) &&
    length <= ((part["maxLength"] as number | undefined) ?? Infinity) &&
    (part["pattern"] === undefined || matches(patternMachine(part["pattern"] as string), bytes)) &&
    (part["format"] === undefined || matches(formatMachine(part["format"] as string), bytes))
  );
}
