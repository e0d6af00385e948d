/** A JSON Schema from outside (2020-12, and what drafts 4 to 2019-09 said otherwise), checked: what is not supported is refused by name. */
import { UnsupportedError } from "../errors.ts";
import { ANY_CHARACTER, type Expression, repeat, sequence } from "./expression.ts";
import { FORMATS } from "./formats.ts";
import { MAX_DEPTH, MAX_GRAMMAR_LENGTH } from "./limits.ts";
import { type Machine, matches } from "./machine.ts";
import { Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";
import { parseRegex } from "./regex.ts";

export type SchemaObject = Readonly<Record<string, unknown>>;
export type SchemaPart = SchemaObject | boolean;

export const TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"] as const;

/** They change nothing about which documents are valid. */
const ANNOTATIONS = new Set(
  "title description default examples example $schema $comment $anchor deprecated readOnly writeOnly contentMediaType contentEncoding discriminator externalDocs".split(
    " ",
  ),
);
const SCHEMA = ["items", "additionalItems", "additionalProperties", "propertyNames"];
const LIST_OF_SCHEMAS = ["prefixItems", "anyOf", "oneOf", "allOf"];
const MAP_OF_SCHEMAS = ["properties", "patternProperties", "$defs", "definitions"];
const COUNTS = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
/** Longer strings cannot be demanded: to find out that a limit can be met, one is tried. */
const MAX_MIN_LENGTH = 2 ** 14;
const MAX_PATTERN_PROPERTIES = 4;

const isObject = (value: unknown): value is SchemaObject => typeof value === "object" && value !== null && !Array.isArray(value);
const encoder = new TextEncoder();
const machines = new Map<string, Machine>();

/** The texts in which a regular expression finds something, as JSON Schema has it. */
export function patternMachine(pattern: string): Machine {
  let machine = machines.get(pattern);
  if (!machine) {
    const found = parseRegex(pattern);
    const parts = found.kind === "sequence" ? found.items : [found];
    const anything = repeat(ANY_CHARACTER, 0, Number.POSITIVE_INFINITY);
    const around = (one: Expression | undefined, kind: "start" | "end"): Expression[] => (one?.kind === kind ? [] : [anything]);
    machine = new Trimmed(new RegularMachine(sequence(...around(parts[0], "start"), found, ...around(parts.at(-1), "end"))));
    if (machines.size >= 64) machines.clear();
    machines.set(pattern, machine);
  }
  return machine;
}

export class Schemas {
  readonly root: SchemaPart;
  readonly #param: string;
  readonly #where: string;
  readonly #checked = new Set<unknown>();
  readonly #resolved = new Map<string, SchemaPart>();
  #anchors: Map<unknown, unknown> | undefined;

  /**
   * @param where Where it is from, as messages name it, "responseFormat.schema"; its first name is the error's param.
   * @throws {UnsupportedError} A keyword, a format or a size that is not supported. @throws {RangeError} No schema.
   */
  constructor(schema: unknown, where: string) {
    this.#where = where;
    this.#param = /^\w+/.exec(where)![0];
    this.root = this.#copy(schema);
    this.#check(this.root, "", 0);
  }

  /** Ours to keep, and JSON: no cycles, getters or prototypes. */
  #copy(schema: unknown): SchemaPart {
    let json: string | undefined;
    try {
      json = JSON.stringify(schema);
    } catch {
      this.#refuse("", "it is no JSON, or too deep");
    }
    if (json !== undefined && json.length > MAX_GRAMMAR_LENGTH) this.#refuse("", `it has more than ${MAX_GRAMMAR_LENGTH} characters`);
    return json === undefined ? this.#fail("", "must be a schema: an object, true or false") : (JSON.parse(json) as SchemaPart);
  }

  #refuse(path: string, why: string): never {
    throw new UnsupportedError(`${this.#where}${path.slice(0, 300)}: ${why.slice(0, 300)}`, this.#param);
  }
  #fail(path: string, why: string): never {
    throw new RangeError(`${this.#where}${path.slice(0, 300)} ${why.slice(0, 300)}`);
  }
  /** The same, for who finds out later. */
  refuse(why: string): never {
    this.#refuse("", why);
  }

  #check(schema: unknown, path: string, depth: number): void {
    if (typeof schema === "boolean" || this.#checked.has(schema)) return;
    if (!isObject(schema)) this.#fail(path, "must be a schema: an object, true or false");
    if (depth > MAX_DEPTH) this.#refuse(path, `schemas may be ${MAX_DEPTH} deep inside one another`);
    this.#checked.add(schema);
    for (const [keyword, value] of Object.entries(schema)) this.#checkKeyword(keyword, value, schema, path, depth);
  }

  #checkKeyword(keyword: string, value: unknown, schema: SchemaObject, path: string, depth: number): void {
    const at = `${path}.${keyword}`;
    const inside = (one: unknown, step: string): void => this.#check(one, at + step, depth + 1);
    if (ANNOTATIONS.has(keyword) || keyword.startsWith("x-")) return;
    if (SCHEMA.includes(keyword) && !Array.isArray(value)) inside(value, "");
    else if (LIST_OF_SCHEMAS.includes(keyword) || keyword === "items") {
      if (!Array.isArray(value) || (value.length === 0 && keyword.endsWith("Of"))) this.#fail(at, "must be a list of schemas");
      for (const [i, one] of value.entries()) inside(one, `[${i}]`);
    } else if (MAP_OF_SCHEMAS.includes(keyword)) {
      if (!isObject(value)) this.#fail(at, "must be an object of schemas");
      for (const [key, one] of Object.entries(value)) inside(one, `.${key}`);
      if (keyword === "patternProperties") this.#checkPatterns(Object.keys(value), at);
    } else if (COUNTS.includes(keyword)) this.#checkCount(keyword, value, schema, at);
    else if (NUMBERS.includes(keyword)) {
      if (typeof value !== "number") this.#fail(at, "must be a number");
    } else this.#checkOther(keyword, value, path, at, depth);
  }

  #checkOther(keyword: string, value: unknown, path: string, at: string, depth: number): void {
    const isNames = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === "string");
    switch (keyword) {
      case "type":
        if (!isNames([value].flat()) || ![value].flat().every((type) => TYPES.includes(type as never)) || [value].flat().length === 0)
          this.#fail(at, `must be one of ${TYPES.join(", ")}, or a list of them`);
        return;
      case "enum":
        if (!Array.isArray(value)) this.#fail(at, "must be a list of values");
        return;
      case "const":
        return;
      case "required":
        if (!isNames(value)) this.#fail(at, "must be a list of names");
        return;
      case "pattern":
        this.#checkPatterns([value], at);
        return;
      case "format":
        if (typeof value !== "string") this.#fail(at, "must be a string");
        if (!FORMATS.has(value)) this.#refuse(at, `the format "${value}" is not supported; ${[...FORMATS].join(", ")} are`);
        return;
      case "multipleOf":
        if (typeof value !== "number" || !(value > 0)) this.#fail(at, "must be a number above 0");
        if (!Number.isSafeInteger(value)) this.#refuse(at, "multiples of what is no whole number are not supported");
        return;
      case "$ref":
        if (typeof value !== "string") this.#fail(at, "must be a string");
        if (!this.#resolved.has(value)) {
          this.#resolved.set(value, false);
          const target = this.#find(value, at);
          this.#resolved.set(value, target as SchemaPart);
          this.#check(target, ` → ${value}`, depth + 1);
        }
        return;
      case "nullable":
      case "uniqueItems":
        if (typeof value !== "boolean") this.#fail(at, "must be true or false");
        if (keyword === "uniqueItems" && value) this.#refuse(at, "the keyword uniqueItems is not supported");
        return;
      case "$id":
        if (path !== "") this.#refuse(at, "the keyword $id is supported at the root only");
        return;
      default:
        this.#refuse(at, `the keyword ${keyword} is not supported`);
    }
  }

  #checkPatterns(patterns: readonly unknown[], at: string): void {
    if (patterns.length > MAX_PATTERN_PROPERTIES) this.#refuse(at, `more than ${MAX_PATTERN_PROPERTIES} patterns are not supported`);
    for (const pattern of patterns) {
      if (typeof pattern !== "string") this.#fail(at, "must be a string");
      try {
        patternMachine(pattern);
      } catch (error) {
        if (error instanceof UnsupportedError) this.#refuse(at, `${error.message} is not supported`);
        this.#fail(at, `is ${(error as Error).message}`);
      }
    }
  }

  #checkCount(keyword: string, value: unknown, schema: SchemaObject, at: string): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.#fail(at, "must be a whole number from 0 up");
    if (keyword === "minLength" && (value as number) > MAX_MIN_LENGTH) this.#refuse(at, `more than ${MAX_MIN_LENGTH} is not supported`);
    const required = Array.isArray(schema["required"]) ? new Set(schema["required"]).size : 0;
    const closed = schema["additionalProperties"] === false && schema["patternProperties"] === undefined;
    const most = closed && isObject(schema["properties"]) ? Object.keys(schema["properties"]).length : Infinity;
    if (keyword === "minProperties" && (value as number) > required)
      this.#refuse(at, "the keyword minProperties is not supported: name what is required");
    if (keyword === "maxProperties" && (value as number) < most) this.#refuse(at, "the keyword maxProperties is not supported");
  }

  #find(reference: string, at: string): unknown {
    if (reference.startsWith("#") && reference.length > 1 && !reference.startsWith("#/")) {
      const found = this.#anchored(reference.slice(1));
      return found ?? this.#fail(at, `names ${reference.slice(0, 80)}, which is not there`);
    }
    if (!reference.startsWith("#"))
      this.#refuse(at, `it refers to ${reference.slice(0, 80)}; only references within the schema, beginning with #, are supported`);
    let target: unknown = this.root;
    for (const step of reference.split("/").slice(1)) {
      const key = decode(step).replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof target !== "object" || target === null || !Object.hasOwn(target, key))
        this.#fail(at, `names ${reference.slice(0, 80)}, which is not there`);
      target = (target as Record<string, unknown>)[key];
    }
    return target;
  }

  /** By its $anchor; of several the outermost. */
  #anchored(name: string): unknown {
    if (!this.#anchors) {
      this.#anchors = new Map();
      const waiting: unknown[] = [this.root];
      for (const one of waiting) {
        if (typeof one !== "object" || one === null) continue;
        const anchor = (one as SchemaObject)["$anchor"];
        if (!this.#anchors.has(anchor)) this.#anchors.set(anchor, one);
        for (const child of Object.values(one)) waiting.push(child);
      }
    }
    return this.#anchors.get(name);
  }

  resolve(reference: string): SchemaPart {
    return this.#resolved.get(reference)!;
  }

  /** Allowed types; undefined: all. */
  types(schema: SchemaObject): Set<string> | undefined {
    if (schema["type"] === undefined) return undefined;
    const types = new Set([schema["type"]].flat() as string[]);
    if (schema["nullable"] === true) types.add("null");
    return types;
  }

  /** What holds for the first items, and for all others. Before 2020-12, `items` was both. */
  items(schema: SchemaObject): { prefix: readonly SchemaPart[]; rest: SchemaPart } {
    const { prefixItems, items, additionalItems } = schema;
    if (Array.isArray(items)) return { prefix: items as SchemaPart[], rest: (additionalItems ?? true) as SchemaPart };
    return { prefix: (prefixItems ?? []) as SchemaPart[], rest: (items ?? true) as SchemaPart };
  }

  /** What holds for a property's value: `properties`, and each pattern that its name matches; else additionalProperties. */
  ofKey(schema: SchemaObject, key: string): readonly SchemaPart[] {
    const found: SchemaPart[] = [];
    const properties = schema["properties"] as SchemaObject | undefined;
    if (properties && Object.hasOwn(properties, key)) found.push(properties[key] as SchemaPart);
    for (const [pattern, one] of Object.entries((schema["patternProperties"] ?? {}) as SchemaObject))
      if (matches(patternMachine(pattern), encoder.encode(key))) found.push(one as SchemaPart);
    return found.length > 0 ? found : [(schema["additionalProperties"] ?? true) as SchemaPart];
  }
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
