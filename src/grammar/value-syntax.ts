/** How values are written: as JSON, or as the arguments of calls in Python's syntax. One schema, two ways out. */
import { choice, type Expression, machine, NOTHING, text } from "./expression.ts";
import { Literals } from "./machine.ts";
import { JSON_STRING, limitedString, PYTHON_DOUBLE, PYTHON_SINGLE, quoted, type StringLimits } from "./strings.ts";

export interface ValueSyntax {
  readonly null: Expression;
  readonly true: Expression;
  readonly false: Expression;
  string(limits: StringLimits): Expression;
  /** A mapping's key, with what stands between it and its value. */
  key(name: string): Expression;
  keys(limits: StringLimits): Expression;
  /** One of these values. */
  oneOf(values: readonly unknown[]): Expression;
}

/** Between items, and between a key and its value: json.dumps' own, in which the prompts show JSON. */
export const SEPARATOR = ", ";
export const COLON = ": ";

const given = (one: ReturnType<typeof limitedString>): Expression => (one ? machine(one) : NOTHING);
const colon = text(COLON);
const before = (key: Expression): Expression => ({ kind: "sequence", items: [key, colon] });

export const JSON_SYNTAX: ValueSyntax = {
  null: text("null"),
  true: text("true"),
  false: text("false"),
  string: (limits) => given(limitedString(JSON_STRING, limits)),
  key: (name) => text(quoted(name, JSON_STRING) + COLON),
  keys: (limits) => before(given(limitedString(JSON_STRING, limits))),
  oneOf: (values) => (values.length === 0 ? NOTHING : machine(new Literals(values.map((value) => jsonText(value))))),
};

const bothQuotes = (limits: StringLimits): Expression =>
  choice(given(limitedString(PYTHON_SINGLE, limits)), given(limitedString(PYTHON_DOUBLE, limits)));

/** Templates write mappings as JSON and the rest as Python does, so models do both. */
export const PYTHON_SYNTAX: ValueSyntax = {
  null: choice(text("None"), text("null")),
  true: choice(text("True"), text("true")),
  false: choice(text("False"), text("false")),
  string: bothQuotes,
  key: (name) => choice(text(quoted(name, PYTHON_SINGLE) + COLON), text(quoted(name, PYTHON_DOUBLE) + COLON)),
  keys: (limits) => before(bothQuotes(limits)),
  oneOf: (values) => (values.length === 0 ? NOTHING : machine(new Literals(values.flatMap(pythonTexts)))),
};

/** As JSON.stringify, with our separators and escapes. */
function jsonText(value: unknown): string {
  if (typeof value === "string") return quoted(value, JSON_STRING);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(SEPARATOR)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => quoted(key, JSON_STRING) + COLON + jsonText(item));
  return `{${entries.join(SEPARATOR)}}`;
}

/** Both spellings of a scalar; a list or mapping has the one of JSON, which is Python too but for its literals. */
function pythonTexts(value: unknown): string[] {
  if (typeof value === "string") return [quoted(value, PYTHON_SINGLE), quoted(value, PYTHON_DOUBLE)];
  if (typeof value === "boolean") return value ? ["True", "true"] : ["False", "false"];
  return value === null ? ["None", "null"] : [jsonText(value)];
}
