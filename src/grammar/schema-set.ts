/** Schemas that hold at once. */
import { formatMachine } from "./formats.ts";
import { patternMachine, type SchemaObject, type SchemaPart, type Schemas, TYPES } from "./schema-source.ts";
import type { StringLimits } from "./strings.ts";
import { spend } from "./work.ts";

/** $ref and allOf followed; `false`: nothing satisfies them. */
export type SchemaSet = readonly SchemaObject[] | false;

/** Schemas that hold for one value together. */
const MAX_AT_ONCE = 10_000;

/** The parts with what their $ref and allOf add, and `known`, of which that is there already. */
export function flatten(parts: readonly SchemaPart[], schemas: Schemas, known: readonly SchemaObject[] = []): SchemaSet {
  const found = new Set(known);
  spend(2 * found.size);
  const waiting = parts.toReversed();
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (one === false) return false;
    if (one === true || found.has(one)) continue;
    if (found.add(one).size > MAX_AT_ONCE) schemas.refuse(`more than ${MAX_AT_ONCE} schemas for one value are not supported`);
    if (Array.isArray(one["allOf"])) for (const part of (one["allOf"] as SchemaPart[]).toReversed()) waiting.push(part);
    if (typeof one["$ref"] === "string") waiting.push(schemas.resolve(one["$ref"]));
  }
  return [...found];
}

/** The types that all of them allow; "number" only without "integer", which it includes. */
export function typesOf(set: readonly SchemaObject[], schemas: Schemas): Set<string> {
  spend(set.length);
  const each = set.flatMap((part) => schemas.types(part) ?? []);
  const allowed = TYPES.filter((type) => each.every((types) => types.has(type) || (type === "integer" && types.has("number"))));
  return new Set(allowed.filter((type) => type !== "integer" || !allowed.includes("number")));
}

/** The values of a keyword that they have. */
export const each = <T>(set: readonly SchemaObject[], keyword: string): T[] =>
  set.flatMap((part) => (part[keyword] === undefined ? [] : [part[keyword] as T]));

export const largest = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.max(...values));
export const smallest = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.min(...values));

export const stringLimits = (set: readonly SchemaObject[]): StringLimits => ({
  minLength: largest(each(set, "minLength")) ?? 0,
  maxLength: smallest(each(set, "maxLength")) ?? Number.POSITIVE_INFINITY,
  machines: [...each<string>(set, "pattern").map(patternMachine), ...each<string>(set, "format").map(formatMachine)],
});
