/**
 * What a request body may hold, said once: the fields that are obeyed, with their types; the hints, which are taken and change nothing; and the
 * fields that would change the answer and cannot be obeyed. Bodies are checked by it, and the OpenAPI document is made of it.
 */
import * as z from "zod/mini";
import { ApiError } from "../errors.ts";
import "./zod.ts";

export interface Refused {
  readonly why: string;
  /** Values that ask for nothing, beside null. */
  readonly but?: readonly unknown[];
}

export interface BodyParts<Shape extends z.core.$ZodLooseShape> {
  readonly fields: Shape;
  readonly hints?: readonly string[];
  readonly refused?: Readonly<Record<string, Refused>>;
}

export interface Read<T> {
  readonly data: T;
  /** Fields that nothing here knows, for the header x-ignored-params. */
  readonly ignored: string[];
}

export class Body<Shape extends z.core.$ZodLooseShape> {
  readonly schema: z.ZodMiniObject<Shape, z.core.$loose>;
  readonly hints: readonly string[];
  readonly refused: Readonly<Record<string, Refused>>;

  constructor({ fields, hints = [], refused = {} }: BodyParts<Shape>) {
    this.schema = z.looseObject(fields);
    this.hints = hints;
    this.refused = refused;
  }

  /** @throws {ApiError} 400, `param` names the field. */
  read(body: unknown): Read<z.output<z.ZodMiniObject<Shape, z.core.$loose>>> {
    const { success, data, error } = this.schema.safeParse(body);
    if (!success) throw describe(error);
    const given = data as Record<string, unknown>;
    for (const [name, { why, but = [] }] of Object.entries(this.refused)) {
      const value = given[name];
      if (value != null && !but.some((nothing) => JSON.stringify(nothing) === JSON.stringify(value))) refuse(name, name, why);
    }
    return { data, ignored: this.#unknown(this.schema, given) };
  }

  #unknown(schema: z.core.$ZodType, value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    const shapes = shapesOf(schema, value);
    if (shapes.length === 0) return [];
    return Object.entries(value).flatMap(([name, inner]) => {
      const shape = shapes.find((one) => Object.hasOwn(one, name));
      if (shape) return this.#unknown(shape[name]!, inner, `${path}${name}.`);
      const top = path === "" && (this.hints.includes(name) || Object.hasOwn(this.refused, name));
      return top || inner === null ? [] : [path + name];
    });
  }
}

/** @throws {ApiError} 400 */
export function refuse(param: string, field: string, why: string): never {
  throw new ApiError(400, `${field} is not supported: ${why}`, { param, code: "unsupported_parameter" });
}

type Shape = Readonly<Record<string, z.core.$ZodType>>;

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Shape;
  readonly catchall?: z.core.$ZodType;
}

/** Of the objects with fields that a schema allows those that the value is one of. */
function shapesOf(schema: z.core.$ZodType, value: unknown): Shape[] {
  const { type, innerType, options, shape, catchall } = (schema as unknown as { def: Definition }).def;
  if ((type === "optional" || type === "nullable") && innerType) return shapesOf(innerType, value);
  if (type === "union" && options) return options.filter((one) => z.safeParse(one, value).success).flatMap((one) => shapesOf(one, value));
  return type === "object" && shape && catchall ? [shape] : [];
}

/** Characters of a path that a message repeats. */
const MAX_PATH = 200;

function describe({ issues: [issue] }: z.core.$ZodError): ApiError {
  const { path, messages } = issue ? explained(issue) : { path: [], messages: ["invalid"] };
  const name = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  const param = name.slice(1) || null;
  const message = `${param === null ? "the request body" : printable(param.slice(0, MAX_PATH))}: ${printable(messages.join("; or "))}`;
  return new ApiError(400, message, { param: param && (/^\w+/.exec(param)?.[0] ?? null), code: "invalid_value" });
}

interface Explained {
  readonly path: readonly PropertyKey[];
  readonly messages: readonly string[];
}

/** Of a choice between forms: what is wrong with the one that was meant, which is the one whose `type` is right; else what all of them want. */
function explained(issue: z.core.$ZodIssue): Explained {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return { path: issue.path, messages: [issue.message] };
  const forms = issue.errors.filter((errors) => errors.length > 0);
  const meant = forms.filter(
    (errors) => !errors.some(({ path, code }) => path.length === 0 || (path[0] === "type" && code === "invalid_value")),
  );
  const all = (meant.length > 0 ? meant : forms).map((errors) => explained(errors[0]!));
  const deepest = Math.max(...all.map(({ path }) => path.length));
  const told = all.filter(({ path }) => path.length === deepest);
  return { path: [...issue.path, ...told[0]!.path], messages: [...new Set(told.flatMap(({ messages }) => messages))] };
}

/** In one line. */
const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
