/** Whether no value satisfies two sets of schemas at once: only then is oneOf the same as anyOf. */
import type { SchemaObject, Schemas } from "./schema-source.ts";
import { satisfies } from "./schema-values.ts";
import { each, flatten, type SchemaSet, typesOf } from "./schema-set.ts";
import { spend } from "./work.ts";

const MAX_CHOICES = 200;
/** Properties inside properties that are looked at. */
const MAX_DEPTH = 4;
/** What a look at two sets takes at least, by the steps that the budget counts. */
const LOOK_STEPS = 128;

/** Whether it can be shown of all pairs. */
export function areExclusive(sets: readonly SchemaSet[], schemas: Schemas): boolean {
  return sets.length <= MAX_CHOICES && sets.every((a, i) => sets.slice(i + 1).every((b) => exclude(a, b, schemas, 0)));
}

function exclude(a: SchemaSet, b: SchemaSet, schemas: Schemas, depth: number): boolean {
  if (a === false || b === false) return true;
  spend(LOOK_STEPS);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const values = valuesOf(one);
    if (values?.every((value) => ![...one, ...other].every((part) => satisfies(value, part, schemas)))) return true;
  }
  const [typesOfA, typesOfB] = [typesOf(a, schemas), typesOf(b, schemas)];
  const common = [...typesOfA].filter(
    (type) => typesOfB.has(type) || (type === "integer" && typesOfB.has("number")) || (type === "number" && typesOfB.has("integer")),
  );
  if (common.length === 0) return true;
  if (common.length > 1 || common[0] !== "object" || depth === MAX_DEPTH) return false;
  const [needA, needB] = [required(a), required(b)];
  const ofKey = (set: readonly SchemaObject[], key: string): SchemaSet =>
    flatten(
      set.flatMap((part) => schemas.ofKey(part, key)),
      schemas,
    );
  return [...new Set([...needA, ...needB])].some((key) => {
    const [inA, inB] = [ofKey(a, key), ofKey(b, key)];
    if ((needA.has(key) && inB === false) || (needB.has(key) && inA === false)) return true;
    return needA.has(key) && needB.has(key) && exclude(inA, inB, schemas, depth + 1);
  });
}

const required = (set: readonly SchemaObject[]): Set<string> => new Set(each<string[]>(set, "required").flat());

/** The values of an enum or const of the set, the fewest. */
export function valuesOf(set: readonly SchemaObject[]): readonly unknown[] | undefined {
  let fewest: readonly unknown[] | undefined;
  for (const part of set) {
    for (const values of ["const" in part ? [part["const"]] : undefined, part["enum"] as unknown[] | undefined])
      if (values && (!fewest || values.length < fewest.length)) fewest = values;
  }
  return fewest;
}
