/** The JSON-Schema-Test-Suite's cases, as documents in canonical form. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UnsupportedError } from "../src/errors.ts";
import type { Grammar } from "../src/grammar/index.ts";
import { canonical, schemaGrammar } from "./grammar-fixtures.ts";
import { fixture } from "./tokenizer-fixtures.ts";

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}
const { suites } = JSON.parse(readFileSync(fixture("json-schema-test-suite.json"), "utf8")) as { suites: Record<string, Group[]> };

/** Strings of a format that the grammar leaves out. */
const NARROWER: Readonly<Record<string, RegExp>> = {
  "optional/format/time": /:60|z$/, // leap seconds are right in a few minutes of a century only
  "optional/format/date-time": /:60|t|z$/,
  "optional/format/duration": /\d{10}/,
  "optional/format/ipv6": /\./,
  "optional/format/email": /"|\[/,
  "optional/format/hostname": /--|[a-z]{21}/, // what stands behind "xn--" would have to be decoded
  "optional/format/uri": /xn--|::|\[/,
};

/** Why a schema may be refused. */
const REFUSALS =
  /keyword (dependentSchemas|unevaluatedProperties|uniqueItems|\$id)|only references within the schema|no whole number|oneOf whose choices|Unicode properties/;

/** Every order of an object's keys, here and inside. */
function orders(value: unknown): unknown[] {
  if (Array.isArray(value))
    return value.reduce<unknown[][]>((lists, item) => lists.flatMap((list) => orders(item).map((one) => [...list, one])), [[]]);
  if (typeof value !== "object" || value === null) return [value];
  const entries = Object.entries(value);
  return permutations(entries).flatMap((order) =>
    order
      .reduce<[string, unknown][][]>(
        (lists, [key, item]) => lists.flatMap((list) => orders(item).map((one) => [...list, [key, one] as [string, unknown]])),
        [[]],
      )
      .map((list) => Object.fromEntries(list)),
  );
}
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]));
}

const refused: string[] = [];
describe.each(Object.entries(suites))("%s", (name, groups) => {
  test.each(groups)("$description", ({ description, schema, tests }) => {
    let grammar: Grammar | undefined;
    try {
      grammar = schemaGrammar(schema);
    } catch (error) {
      if (error instanceof RangeError && error.message === "nothing can match it") grammar = undefined;
      else {
        expect(error).toBeInstanceOf(UnsupportedError);
        refused.push(`${name}: ${description}: ${(error as Error).message}`);
        return;
      }
    }
    for (const { description: what, data, valid } of tests) {
      const accepted = orders(data).some((one) => grammar?.matches(canonical(one)) === true);
      const left = valid && !accepted && typeof data === "string" && NARROWER[name]?.test(data) === true;
      if (!left) expect({ what, data, accepted }).toEqual({ what, data, accepted: valid });
    }
  });
});

test("what is refused is refused by name", () => {
  expect(refused.filter((one) => !REFUSALS.test(one))).toEqual([]);
  expect(refused.length).toBeLessThan(50); // of 350 schemas
});
