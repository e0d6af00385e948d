/** Arguments as a tool's JSON Schema wants them, where the model wrote another type and only one reading is possible. */
import type { JsonSchema } from "../types.ts";

/** Values and schemas inside one another. */
const MAX_DEPTH = 64;

/**
 * @param source The text that the value was written as: what a string parameter gets of 007 or None.
 * @returns The value, or the same value where the schema says nothing or nothing fits.
 */
export function coerce(value: unknown, schema: JsonSchema | undefined, source?: string, depth = 0): unknown {
  if (typeof schema !== "object" || schema === null || depth > MAX_DEPTH) return value;
  const types = declaredTypes(schema);
  if (types.length > 0 && !types.some((type) => isOf(value, type))) {
    for (const type of types) {
      const converted = convert(value, type, source);
      if (converted !== undefined) return coerce(converted, schema, undefined, depth + 1);
    }
    return value;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => coerce(item, child(schema, "items"), undefined, depth + 1));
  if (typeof value === "object" && value !== null) {
    const properties = child(schema, "properties");
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, coerce(item, child(properties, key), undefined, depth + 1)]),
    );
  }
  return value;
}

/** A schema inside a schema, if it is one. */
export function child(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  if (typeof schema !== "object" || schema === null || !Object.hasOwn(schema, key)) return undefined;
  const value = schema[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonSchema) : undefined;
}

/** `type`, or the types of alternatives, else those of `enum`'s values. */
function declaredTypes(schema: Record<string, unknown>): unknown[] {
  const { type, enum: values } = schema;
  if (type !== undefined) return Array.isArray(type) ? type : [type];
  const alternatives = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(alternatives)) return alternatives.flatMap((one: unknown) => (one as { type?: unknown } | null)?.type ?? "any");
  return Array.isArray(values) && values.every((value) => typeof value === "string") ? ["string"] : [];
}

function isOf(value: unknown, type: unknown): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return true; // a type that JSON Schema does not know says nothing
  }
}

function convert(value: unknown, type: unknown, source: string | undefined): unknown {
  if (type === "string") {
    if (typeof value === "number" || typeof value === "boolean") return source ?? String(value);
    return typeof value === "object" && value !== null ? JSON.stringify(value) : undefined;
  }
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  switch (type) {
    case "integer":
    case "number": {
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
      const number = Number(text);
      return isOf(number, type) && Number.isFinite(number) ? number : undefined;
    }
    case "boolean":
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    case "null":
      return text === "null" || text === "None" ? null : undefined;
    case "array":
    case "object": {
      const parsed = parseJson(text);
      return isOf(parsed, type) && isSound(parsed) ? parsed : undefined;
    }
    default:
      return undefined;
  }
}

/** JSON.parse reads 1e999 as Infinity, which no JSON can carry on, and any depth, which the next reader may not. */
export function isSound(value: unknown, depth = 0): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((item) => isSound(item, depth + 1));
}

/** JSON, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
