/** The members of objects that satisfy a set of schemas. */
import type { Expression } from "./expression.ts";
import type { Machine } from "./machine.ts";
import { Complement } from "./machines.ts";
import { valuesOf } from "./schema-exclusive.ts";
import { each, flatten, stringLimits, typesOf } from "./schema-set.ts";
import { patternMachine, type SchemaObject, type SchemaPart, type Schemas } from "./schema-source.ts";
import { satisfies } from "./schema-values.ts";
import type { StringLimits } from "./strings.ts";

/** What names of members match is known of each name: for k patterns there are 2^k kinds. */
const MAX_PATTERNS = 4;

export interface Members {
  readonly declared: readonly { readonly key: string; readonly required: boolean; readonly value: Expression }[]; // in their order
  readonly others: readonly { readonly limits: StringLimits; readonly value: Expression }[]; // by kinds of names
}

export interface MemberOptions {
  /** Whether objects with properties have no others where no schema speaks of them. */
  readonly closed: boolean;
  readonly value: (parts: readonly SchemaPart[]) => Expression;
}

export function membersOf(set: readonly SchemaObject[], schemas: Schemas, { closed, value }: MemberOptions): Members {
  const required = new Set(each<string[]>(set, "required").flat());
  const names = flatten(each<SchemaPart>(set, "propertyNames"), schemas);
  if (names && names.some((part) => part["anyOf"] !== undefined || part["oneOf"] !== undefined))
    schemas.refuse("anyOf and oneOf in propertyNames are not supported");
  const listed = names && valuesOf(names)?.filter((name) => typeof name === "string"); // names that are all there are
  const keys = new Set([
    ...each<object>(set, "properties").flatMap((properties) => Object.keys(properties)),
    ...required,
    ...(listed || []),
  ]);
  const mayBe = (key: string): boolean => names && names.every((part) => satisfies(key, part, schemas));
  const declared = [...keys].map((key) => ({
    key,
    required: required.has(key),
    value: value(mayBe(key) ? set.flatMap((part) => schemas.ofKey(part, key)) : [false]),
  }));
  const silent = !set.some((part) => "additionalProperties" in part || "patternProperties" in part || "propertyNames" in part);
  if (names === false || listed || !typesOf(names, schemas).has("string")) return { declared, others: [] };
  if (closed && silent && each(set, "properties").length > 0) return { declared, others: [] };
  return { declared, others: others(set, { ...stringLimits(names), not: [...keys] }, schemas, value) };
}

function others(set: readonly SchemaObject[], names: StringLimits, schemas: Schemas, value: MemberOptions["value"]): Members["others"] {
  const patternsOf = (part: SchemaObject): [string, SchemaPart][] =>
    Object.entries((part["patternProperties"] ?? {}) as Record<string, SchemaPart>);
  const patterns = [...new Set(set.flatMap((part) => patternsOf(part).map(([pattern]) => pattern)))];
  if (patterns.length > MAX_PATTERNS) schemas.refuse(`more than ${MAX_PATTERNS} patternProperties for one object are not supported`);
  return Array.from({ length: 2 ** patterns.length }, (_, kind) => {
    const matched = new Set(patterns.filter((_, i) => (kind >> i) & 1));
    const parts = set.flatMap((part): SchemaPart[] => {
      const found = patternsOf(part).flatMap(([pattern, one]) => (matched.has(pattern) ? [one] : []));
      return found.length > 0 ? found : [(part["additionalProperties"] ?? true) as SchemaPart];
    });
    const machines = patterns.map(
      (pattern): Machine => (matched.has(pattern) ? patternMachine(pattern) : new Complement(patternMachine(pattern))),
    );
    return { limits: { ...names, machines: [...names.machines, ...machines] }, value: value(parts) };
  }).filter((one) => one.value.kind !== "choice");
}
