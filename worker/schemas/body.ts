/**
 * What a request body may hold, said once: the fields that are obeyed, with their types; the hints, which are taken and change nothing; and the
 * fields that would change the answer and cannot be obeyed. Bodies are checked by it, and the OpenAPI document is made of it.
 */
import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";
import { ApiError } from "../errors.ts";

// workerd refuses `new Function`; interpreting is fast enough for bodies.
z.config({ ...en(), jitless: true });

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
    const { type, shape = {}, catchall } = bare(schema);
    if (type !== "object" || !catchall || typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => {
      if (Object.hasOwn(shape, name)) return this.#unknown(shape[name]!, inner, `${path}${name}.`);
      const top = path === "" && (this.hints.includes(name) || Object.hasOwn(this.refused, name));
      return top || inner === null ? [] : [path + name];
    });
  }
}

/** @throws {ApiError} 400 */
export function refuse(param: string, field: string, why: string): never {
  throw new ApiError(400, `${field} is not supported: ${why}`, { param, code: "unsupported_parameter" });
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly catchall?: z.core.$ZodType;
}

/** What a schema is without optional and null around it. */
function bare(schema: z.core.$ZodType): Definition {
  let { def } = schema as unknown as { def: Definition };
  while ((def.type === "optional" || def.type === "nullable") && def.innerType) ({ def } = def.innerType as unknown as { def: Definition });
  return def;
}

/** Characters of a path that a message repeats. */
const MAX_PATH = 200;

function describe({ issues: [issue] }: z.core.$ZodError): ApiError {
  const path = (issue?.path ?? []).map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  const param = path.slice(1) || null;
  const message = `${param === null ? "the request body" : printable(param.slice(0, MAX_PATH))}: ${printable(issue?.message ?? "invalid")}`;
  return new ApiError(400, message, { param: param && (/^\w+/.exec(param)?.[0] ?? null), code: "invalid_value" });
}

/** In one line. */
const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
