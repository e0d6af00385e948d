/** How Python prints values: str(), repr() and json.dumps(), which chat templates are written for. */
import type { Budget } from "./budget.ts";
import type { Marks } from "./marks.ts";
import { isArray, isObject, type Value } from "./values.ts";

export interface Printer {
  readonly marks: Marks;
  readonly budget: Budget;
}

/** str(value): text as it is, everything else as repr. An undefined value prints nothing in Jinja. */
export function str(value: Value, printer: Printer): string {
  if (value.type === "StringValue") return value.value;
  if (value.type === "UndefinedValue") return "";
  return repr(value, printer);
}

function repr(value: Value, printer: Printer): string {
  printer.budget.spend(1);
  if (isArray(value)) {
    const items = printer.budget.join(
      value.value.map((item) => repr(item, printer)),
      ", ",
    );
    if (value.type === "ArrayValue") return `[${items}]`;
    return value.value.length === 1 ? `(${items},)` : `(${items})`;
  }
  if (isObject(value)) {
    const entries = Array.from(value.value, ([key, item]) => `${quote(key, printer)}: ${repr(item, printer)}`);
    return `{${printer.budget.join(entries, ", ")}}`;
  }
  switch (value.type) {
    case "StringValue":
      return quote(value.value, printer);
    case "IntegerValue":
      return String(value.value);
    case "FloatValue":
      return floatRepr(value.value);
    case "BooleanValue":
      return value.value ? "True" : "False";
    case "NullValue":
      return "None";
    case "UndefinedValue":
      return "Undefined";
    case "FunctionValue":
      throw new Error("a function cannot be printed");
  }
}

/** The shortest digits that read back, as JavaScript finds them too; with an exponent below 1e-4 and from 1e16 on. */
export function floatRepr(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [digits = "", exponent = "0"] = x.toExponential().split("e");
  const power = Number(exponent);
  if (x !== 0 && (power < -4 || power >= 16)) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const text = Object.is(x, -0) ? "-0" : String(x); // no exponent in this range
  return text.includes(".") ? text : `${text}.0`;
}

/** Single quotes, unless only those occur in the text; what does not print is escaped. */
function quote(text: string, { marks, budget }: Printer): string {
  budget.spend(text.length >> 6);
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = mark;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === mark || char === "\\") quoted += `\\${char}`;
    else if (char === "\n") quoted += "\\n";
    else if (char === "\r") quoted += "\\r";
    else if (char === "\t") quoted += "\\t";
    else if (char === marks.mark || char === " " || !/[\p{C}\p{Z}]/u.test(char)) quoted += char;
    else if (code < 0x100) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code < 0x10000) quoted += `\\u${code.toString(16).padStart(4, "0")}`;
    else quoted += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return quoted + mark;
}

export interface JsonOptions {
  readonly indent: number | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly ensureAscii: boolean;
  readonly sortKeys: boolean;
}

/** json.dumps as transformers binds it to `tojson`: ", " and ": ", non-ASCII raw, no HTML escapes. */
export function toJson(value: Value, options: JsonOptions, printer: Printer, depth = 0): string {
  const { budget, marks } = printer;
  budget.spend(1);
  const text = (raw: string): string => {
    budget.spend(raw.length >> 6);
    const json = JSON.stringify(raw);
    if (!options.ensureAscii) return json;
    return json.replace(/[\x7f-\uffff]/g, (unit) =>
      unit === marks.mark ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  };
  const wrap = (open: string, items: string[], close: string): string => {
    if (items.length === 0) return open + close;
    if (options.indent === undefined) return open + budget.join(items, options.itemSeparator) + close;
    const line = (level: number): string => `\n${" ".repeat((options.indent ?? 0) * level)}`;
    return open + line(depth + 1) + budget.join(items, options.itemSeparator + line(depth + 1)) + line(depth) + close;
  };
  if (isArray(value)) {
    return wrap(
      "[",
      value.value.map((item) => toJson(item, options, printer, depth + 1)),
      "]",
    );
  }
  if (isObject(value)) {
    const entries = [...value.value];
    if (options.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const items = entries.map(([key, item]) => text(key) + options.keySeparator + toJson(item, options, printer, depth + 1));
    return wrap("{", items, "}");
  }
  switch (value.type) {
    case "StringValue":
      return text(value.value);
    case "IntegerValue":
      return String(value.value);
    case "FloatValue":
      return floatRepr(value.value);
    case "BooleanValue":
      return value.value ? "true" : "false";
    case "NullValue":
      return "null";
    case "UndefinedValue":
      throw new Error("an undefined value has no JSON");
    case "FunctionValue":
      throw new Error("a function has no JSON");
  }
}
