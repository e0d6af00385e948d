/**
 * JSON Schema → expression. What is written at a place satisfies a set of schemas at once: $ref and allOf add to the set, anyOf and oneOf
 * are choices between sets, and a set is one rule however it comes about. So schemas are never merged, and recursion ends.
 *
 * Documents are canonical: keys in the order of the schema, then others; separators ", " and ": ", no other white space.
 */
import {
  call,
  choice,
  choiceOf,
  EMPTY,
  type Expression,
  machine,
  nest,
  NOTHING,
  optional,
  repeat,
  type Rule,
  sequence,
  text,
} from "./expression.ts";
import { anyInteger, anyNumber, isLimited, limitedNumber } from "./numbers.ts";
import { areExclusive, valuesOf } from "./schema-exclusive.ts";
import { type Members, membersOf } from "./schema-members.ts";
import { each, flatten, largest, type SchemaSet, smallest, stringLimits, typesOf } from "./schema-set.ts";
import type { SchemaObject, SchemaPart, Schemas } from "./schema-source.ts";
import { satisfies } from "./schema-values.ts";
import { SEPARATOR, type ValueSyntax } from "./value-syntax.ts";
import { spend } from "./work.ts";

/** Sets of schemas that hold somewhere. */
const MAX_SETS = 5000;

type Write = (set: readonly SchemaObject[]) => Expression;
type Union = "anyOf" | "oneOf";

export class SchemaCompiler {
  readonly #schemas: Schemas;
  readonly #syntax: ValueSyntax;
  readonly #closed: boolean;
  readonly #ids = new Map<SchemaObject, number>();
  readonly #rules = new Map<string, Rule>();
  readonly #waiting: (() => void)[] = [];
  readonly #stripped = new Map<SchemaObject, Partial<Record<Union, SchemaObject>>>();

  /** @param closed Objects whose properties are declared have no others unless a schema says something of them. */
  constructor(schemas: Schemas, syntax: ValueSyntax, { closed = false } = {}) {
    this.#schemas = schemas;
    this.#syntax = syntax;
    this.#closed = closed;
  }

  /** @throws {UnsupportedError} A oneOf whose choices may both hold, or too many combinations. */
  compile(): Expression {
    return this.#finish(this.#value([this.#schemas.root]));
  }

  /** The same, where only objects may stand and are written otherwise: the arguments of a call. */
  compileObject(write: (members: Members) => Expression): Expression {
    const object: Write = (set) => {
      if (!typesOf(set, this.#schemas).has("object")) return NOTHING;
      if (valuesOf(set)) this.#schemas.refuse("enum and const for all arguments at once are not supported");
      return write(this.#members(set));
    };
    return this.#finish(this.#rule("arguments", flatten([this.#schemas.root], this.#schemas), object));
  }

  #finish(expression: Expression): Expression {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) next();
    return expression;
  }

  /** A value that satisfies all of the parts. */
  #value(parts: readonly SchemaPart[]): Expression {
    return this.#rule("value", flatten(parts, this.#schemas), (set) => this.#plainValue(set));
  }

  #rule(kind: string, set: SchemaSet, write: Write): Expression {
    if (set === false) return NOTHING;
    spend(2 * set.length);
    const key = `${kind} ${set
      .map((one) => this.#id(one))
      .sort((a, b) => a - b)
      .join()}`;
    let rule = this.#rules.get(key);
    if (!rule) {
      if (this.#rules.size === MAX_SETS)
        this.#schemas.refuse(`its anyOf, allOf and $ref make more than ${MAX_SETS} combinations, which are not supported`);
      const made: Rule = { name: "a schema", body: NOTHING };
      this.#rules.set(key, (rule = made));
      // Later, not here: schemas nest, and references make long chains.
      this.#waiting.push(() => (made.body = this.#body(kind, set, write)));
    }
    return call(rule);
  }

  #id(schema: SchemaObject): number {
    const id = this.#ids.get(schema) ?? this.#ids.size;
    this.#ids.set(schema, id);
    return id;
  }

  /** The first anyOf or oneOf is a choice between sets that no longer have it. */
  #body(kind: string, set: readonly SchemaObject[], write: Write): Expression {
    const one = set.find((part) => part["anyOf"] !== undefined || part["oneOf"] !== undefined);
    if (!one) return write(set);
    const keyword: Union = one["anyOf"] === undefined ? "oneOf" : "anyOf";
    const rest = set.map((part) => (part === one ? this.#strip(one, keyword) : part));
    const options = (one[keyword] as SchemaPart[]).map((option) => flatten([option], this.#schemas, rest));
    if (keyword === "oneOf" && !areExclusive(options, this.#schemas))
      this.#schemas.refuse("a oneOf whose choices may hold at once is not supported: use anyOf, or tell them apart by a required constant");
    return choiceOf(options.map((option) => this.#rule(kind, option, write)));
  }

  #strip(schema: SchemaObject, keyword: Union): SchemaObject {
    const known = this.#stripped.get(schema) ?? {};
    this.#stripped.set(schema, known);
    return (known[keyword] ??= Object.fromEntries(Object.entries(schema).filter(([key]) => key !== keyword)));
  }

  #plainValue(set: readonly SchemaObject[]): Expression {
    const values = valuesOf(set);
    if (values) return this.#syntax.oneOf(values.filter((value) => set.every((part) => satisfies(value, part, this.#schemas))));
    return choiceOf([...typesOf(set, this.#schemas)].map((type) => this.#ofType(type, set)));
  }

  #ofType(type: string, set: readonly SchemaObject[]): Expression {
    switch (type) {
      case "null":
        return this.#syntax.null;
      case "boolean":
        return choice(this.#syntax.true, this.#syntax.false);
      case "string":
        return this.#syntax.string(stringLimits(set));
      case "array":
        return this.#array(set);
      case "object":
        return this.object(this.#members(set));
      default:
        return this.#number(set, type === "integer");
    }
  }

  #number(set: readonly SchemaObject[], integer: boolean): Expression {
    const steps = each<number>(set, "multipleOf");
    const step = steps.length === 0 ? undefined : steps.reduce(leastCommonMultiple);
    if (step !== undefined && step > Number.MAX_SAFE_INTEGER) return machine(limitedNumber({ minimum: 0, maximum: 0 }, true)!);
    const limits = {
      minimum: largest(each(set, "minimum")),
      maximum: smallest(each(set, "maximum")),
      exclusiveMinimum: largest(each(set, "exclusiveMinimum")),
      exclusiveMaximum: smallest(each(set, "exclusiveMaximum")),
      multipleOf: step,
    };
    if (!isLimited(limits)) return machine(integer ? anyInteger() : anyNumber());
    const limited = limitedNumber(limits, integer);
    return limited ? machine(limited) : NOTHING;
  }

  #array(set: readonly SchemaObject[]): Expression {
    const items = set.map((part) => this.#schemas.items(part));
    const listed = Math.max(0, ...items.map(({ prefix }) => prefix.length));
    const min = largest(each<number>(set, "minItems")) ?? 0;
    const max = smallest(each<number>(set, "maxItems")) ?? Number.POSITIVE_INFINITY;
    if (min > max) return NOTHING;
    const at = (i: number): Expression => this.#value(items.map(({ prefix, rest }) => prefix[i] ?? rest));
    const further = sequence(text(SEPARATOR), at(listed));
    let list: Expression; // from an item on that has one before it
    if (listed === 0) list = sequence(at(0), repeat(further, Math.max(0, min - 1), Math.max(0, max - 1)));
    else {
      list = repeat(further, Math.max(0, min - listed), Math.max(0, max - listed));
      for (let i = listed - 1; i >= 0; i--) {
        list = sequence(...(i === 0 ? [] : [text(SEPARATOR)]), at(i), list);
        if (i > 0 && i >= max) list = EMPTY;
        else if (i > 0 && i >= min) list = optional(list);
      }
    }
    if (max === 0) list = EMPTY;
    else if (min === 0) list = optional(list);
    return nest(sequence(text("["), list, text("]")));
  }

  #members(set: readonly SchemaObject[]): Members {
    return membersOf(set, this.#schemas, { closed: this.#closed, value: (parts) => this.#value(parts) });
  }

  object({ declared, others }: Members): Expression {
    const members = declared.map(({ key, required, value }) => ({ required, member: sequence(this.#syntax.key(key), value) }));
    const other = others.map(({ limits, value }) => sequence(this.#syntax.keys(limits), value));
    return nest(sequence(text("{"), inOrder(members, choiceOf(other)), text("}")));
  }
}

/** Members in their order, those that need not be left out or not, then any number of others; separators between. */
export function inOrder(members: readonly { readonly required: boolean; readonly member: Expression }[], other: Expression): Expression {
  const separator = text(SEPARATOR);
  let following: Expression = repeat(sequence(separator, other), 0, Number.POSITIVE_INFINITY); // behind another member
  let first: Expression = optional(sequence(other, following));
  for (const { required, member } of members.toReversed()) {
    const [withFirst, withFollowing] = [sequence(member, following), sequence(separator, member, following)];
    first = required ? withFirst : choice(withFirst, first);
    following = required ? withFollowing : choice(withFollowing, following);
  }
  return first;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
