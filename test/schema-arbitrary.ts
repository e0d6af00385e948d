/** Random schemas, and random documents that satisfy them. */
import fc from "fast-check";

type Schema = Record<string, unknown>;

const count = (min: number, spread: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.nat({ max: min }), fc.nat({ max: spread })).map(([low, more]) => [low, low + more]);

const names = fc.uniqueArray(fc.constantFrom("a", "b", "name", "naïve", "x y", "count", 'q"', "<|"), { maxLength: 4 });

const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc.constantFrom<Schema>({ type: "null" }, { type: "boolean" }, { type: "integer" }, { type: "number" }, { type: "string" }),
  count(3, 5).map(([minLength, maxLength]) => ({ type: "string", minLength, maxLength })),
  fc.constantFrom("^[a-c]{1,4}$", "x", "^\\d+(?:\\.\\d)?$", "é|🚀").map((pattern) => ({ type: "string", pattern })),
  fc.constantFrom("date", "time", "uuid", "ipv4").map((format) => ({ type: "string", format })),
  fc
    .tuple(fc.integer({ min: -500, max: 500 }), fc.nat({ max: 900 }))
    .map(([minimum, more]) => ({ type: "integer", minimum, maximum: minimum + more })),
  fc
    .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 30 }))
    .map(([low, more]) => ({ type: "number", exclusiveMinimum: low / 4, maximum: (low + more) / 4 })),
  fc.constantFrom(2, 3, 7).map((multipleOf) => ({ type: "integer", multipleOf })),
  fc.constantFrom<Schema>(
    { enum: ["a", "ab", 'quo"te', 3, null] },
    { const: "only" },
    { const: { a: [1, "x"] } },
    { type: ["integer", "null"] },
  ),
);

export const schemaArbitrary: fc.Arbitrary<Schema> = fc
  .letrec<{ schema: Schema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.tuple(tie("schema"), count(2, 3)).map(([items, [minItems, maxItems]]) => ({ type: "array", items, minItems, maxItems })),
      fc.tuple(tie("schema"), tie("schema")).map(([first, items]) => ({ type: "array", prefixItems: [first], items, maxItems: 3 })),
      fc
        .tuple(
          names,
          fc.array(tie("schema"), { minLength: 4, maxLength: 4 }),
          fc.nat({ max: 15 }),
          fc.constantFrom<unknown>(false, { type: "integer" }),
        )
        .map(([keys, schemas, required, additionalProperties]) => ({
          type: "object",
          properties: Object.fromEntries(keys.map((key, i) => [key, schemas[i]])),
          required: keys.filter((_, i) => (required >> i) & 1),
          additionalProperties,
        })),
      fc.tuple(tie("schema"), tie("schema")).map(([a, b]) => ({ anyOf: [a, b] })),
      tie("schema").map((one) => ({ $ref: "#/$defs/one", $defs: { one } })),
    ),
  }))
  .schema.map((schema) => hoist(schema));

/** References are from the root: definitions of the inside move there. */
function hoist(schema: Schema): Schema {
  const found: Schema = {};
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move);
    if (typeof value !== "object" || value === null) return value;
    const { $defs, ...rest } = value as { $defs?: { one: unknown } };
    if (!$defs) return Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, move(item)]));
    const name = `d${Object.keys(found).length}`;
    found[name] = null;
    found[name] = move($defs.one);
    return { $ref: `#/$defs/${name}` };
  };
  const moved = move(schema) as Schema;
  return Object.keys(found).length > 0 ? { ...moved, $defs: found } : moved;
}

const STRINGS: Readonly<Record<string, readonly string[]>> = {
  "^[a-c]{1,4}$": ["a", "abca"],
  x: ["x", "<x>", "axb\n"],
  "^\\d+(?:\\.\\d)?$": ["0", "12.5"],
  "é|🚀": ["é", "a🚀\\"],
  date: ["2024-02-29", "1999-12-31"],
  time: ["23:59:59Z", "00:00:00.5+01:30"],
  uuid: ["123e4567-e89b-12d3-a456-426614174000"],
  ipv4: ["0.0.0.0", "255.10.1.99"],
};
const CHARACTERS = ["a", "é", "日", "🚀", '"', "\\", "\n", " ", "<", ">", "t"];

/** A document that satisfies a schema of the above; keys in the schema's order, others last. */
export function documentOf(root: Schema, random: () => number): unknown {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const make = (schema: Schema): unknown => {
    if (typeof schema["$ref"] === "string")
      return make((root["$defs"] as Record<string, Schema>)[schema["$ref"].slice("#/$defs/".length)]!);
    if ("const" in schema) return schema["const"];
    if (schema["enum"]) return pick(schema["enum"] as unknown[]);
    if (schema["anyOf"]) return make(pick(schema["anyOf"] as Schema[]));
    const { minimum, maximum, exclusiveMinimum, multipleOf, minLength, maxLength, minItems, maxItems } = schema as Record<string, number>;
    switch (pick([schema["type"]].flat())) {
      case "null":
        return null;
      case "boolean":
        return random() < 0.5;
      case "integer":
        if (multipleOf !== undefined) return multipleOf * between(-20, 20) || 0;
        return minimum === undefined ? pick([0, -7, 42, 2 ** 53 - 1]) : between(minimum, maximum!);
      case "number":
        if (exclusiveMinimum === undefined) return pick([0, -1.5, 1e21, 5e-324, 0.000001, 123456.789, 9.99e307]);
        return pick([maximum!, exclusiveMinimum + (maximum! - exclusiveMinimum) / 2]);
      case "string": {
        const known = STRINGS[(schema["pattern"] ?? schema["format"] ?? "") as string];
        return known
          ? pick(known)
          : Array.from({ length: between(minLength ?? 0, maxLength ?? 6) }, () => pick(CHARACTERS))
              .join("")
              .replaceAll(/<(?=t)/g, "");
      }
      case "array": {
        const prefix = (schema["prefixItems"] ?? []) as Schema[];
        return Array.from({ length: between(minItems ?? 0, maxItems!) }, (_, i) => make(prefix[i] ?? (schema["items"] as Schema)));
      }
      default: {
        const required = schema["required"] as string[];
        const entries = Object.entries(schema["properties"] as Record<string, Schema>)
          .filter(([key]) => required.includes(key) || random() < 0.5)
          .map(([key, one]) => [key, make(one)]);
        if (schema["additionalProperties"] !== false && random() < 0.5) entries.push([pick(["zz", "am", "é"]), 5]);
        return Object.fromEntries(entries) as unknown;
      }
    }
  };
  return make(root);
}
