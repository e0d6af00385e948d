/** The filters whose results reach a prompt differently in Python, or that need a limit. The library has the others. */
import { type Printer, str, toJson } from "./python.ts";
import { length, replace, stringMethod } from "./strings.ts";
import { isArray, isTruthy, string, type Value } from "./values.ts";

export const ownFilters: ReadonlySet<string> = new Set([
  "string",
  "tojson",
  "join",
  "trim",
  "length",
  "count",
  "replace",
  "default",
  "d",
  "indent",
  "upper",
  "lower",
  "title",
  "capitalize",
]);

/** @throws {Error} The filter does not take such a value or such arguments. */
export function applyFilter(name: string, operand: Value, positional: Value[], named: ReadonlyMap<string, Value>, printer: Printer): Value {
  const argument = (index: number, key: string): Value | undefined => positional[index] ?? named.get(key);
  switch (name) {
    case "string":
      return string(str(operand, printer));
    case "tojson":
      return string(tojson(operand, argument, printer));
    case "join": {
      if (operand.type !== "StringValue" && !isArray(operand)) throw new Error("join takes a list");
      const items = isArray(operand) ? operand.value.map((item) => str(item, printer)) : printer.marks.characters(operand.value);
      return string(printer.budget.join(items, text(argument(0, "d")) ?? ""));
    }
    case "length":
    case "count":
      return length(operand, printer);
    case "default":
    case "d": {
      const boolean = argument(1, "boolean");
      const missing = operand.type === "UndefinedValue" || (boolean !== undefined && isTruthy(boolean) && !isTruthy(operand));
      return missing ? (argument(0, "default_value") ?? string("")) : operand;
    }
    case "replace": {
      const from = text(argument(0, "old"));
      const to = text(argument(1, "new"));
      if (from === undefined || to === undefined) throw new Error("replace takes two strings");
      return string(replace(str(operand, printer), from, to, argument(2, "count"), printer));
    }
    case "indent":
      return string(indent(str(operand, printer), argument, printer));
    default: {
      // trim, upper, lower, title, capitalize: the method of the same meaning, on whatever prints
      const method = stringMethod(str(operand, printer), name === "trim" ? "strip" : name, printer);
      if (method?.type !== "FunctionValue") throw new Error(`there is no filter ${name}`);
      return method.value(positional, NO_ENVIRONMENT);
    }
  }
}

/** String methods look at their arguments only. */
const NO_ENVIRONMENT = { setVariable: (_: string, value: Value) => value };

type Argument = (index: number, key: string) => Value | undefined;

function tojson(operand: Value, argument: Argument, printer: Printer): string {
  const indentation = argument(0, "indent");
  const separators = argument(-1, "separators");
  const pair = separators !== undefined && isArray(separators) ? separators.value.map((item) => text(item)) : [];
  const indented = indentation?.type === "IntegerValue";
  const ascii = argument(-1, "ensure_ascii");
  const sorted = argument(-1, "sort_keys");
  return toJson(
    operand,
    {
      indent: indented ? width(indentation) : undefined,
      itemSeparator: pair[0] ?? (indented ? "," : ", "),
      keySeparator: pair[1] ?? ": ",
      ensureAscii: ascii !== undefined && isTruthy(ascii),
      sortKeys: sorted !== undefined && isTruthy(sorted),
    },
    printer,
  );
}

function indent(body: string, argument: Argument, { budget }: Printer): string {
  const first = argument(1, "first");
  const blank = argument(2, "blank");
  const by = argument(0, "width");
  const prefix = text(by) ?? " ".repeat(by === undefined ? 4 : width(by));
  const lines = body.split("\n");
  budget.list(lines.length);
  const indented = lines.map((line, i) => {
    const skip = (i === 0 && (first === undefined || !isTruthy(first))) || (line === "" && (blank === undefined || !isTruthy(blank)));
    return skip ? line : prefix + line;
  });
  return budget.join(indented, "\n");
}

/** Spaces to indent by; nobody needs more. */
const MAX_INDENT = 64;

function width(value: Value): number {
  if (value.type !== "IntegerValue" || value.value < 0 || value.value > MAX_INDENT)
    throw new Error(`an indent is 0 to ${MAX_INDENT} spaces`);
  return value.value;
}

const text = (value: Value | undefined): string | undefined => (value?.type === "StringValue" ? value.value : undefined);
