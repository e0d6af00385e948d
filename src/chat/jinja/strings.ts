/** Methods of Python's str, and slices, on text that may carry marks. */
import { type Printer, str } from "./python.ts";
import { array, boolean, integer, isArray, isObject, native, string, type Value } from "./values.ts";

/** A string's method as a function value, or undefined if it has none of this name. */
export function stringMethod(text: string, name: string, printer: Printer): Value | undefined {
  const { marks, budget } = printer;
  const method = (call: (args: Value[]) => Value): Value => native((args) => call(args));
  switch (name) {
    case "strip":
    case "lstrip":
    case "rstrip":
      return method(([chars]) => {
        budget.spend(text.length >> 4);
        const options = { start: name !== "rstrip", end: name !== "lstrip" };
        return string(marks.trim(text, chars?.type === "StringValue" ? { ...options, stripped: marks.strip(chars.value) } : options));
      });
    case "startswith":
    case "endswith":
      return method(([pattern]) => {
        const plain = marks.strip(text);
        const candidates = pattern !== undefined && isArray(pattern) ? pattern.value : [pattern];
        return boolean(
          candidates.some((candidate) => {
            const affix = marks.strip(expectText(candidate, name));
            return name === "startswith" ? plain.startsWith(affix) : plain.endsWith(affix);
          }),
        );
      });
    case "split":
      return method(([separator, limit]) => {
        const cuts = limit?.type === "IntegerValue" && limit.value >= 0 ? limit.value : undefined;
        const words = separator === undefined || separator.type === "NullValue";
        const parts = words ? splitWords(marks.trim(text), cuts) : splitText(text, expectText(separator, name), cuts, printer);
        budget.list(parts.length);
        return array(parts.map(string));
      });
    case "replace":
      return method(([from, to, count]) => {
        const limit = count !== undefined && isObject(count) ? count.value.get("count") : count;
        return string(replace(text, expectText(from, name), expectText(to, name), limit, printer));
      });
    case "upper":
      return method(() => string(text.toUpperCase()));
    case "lower":
      return method(() => string(text.toLowerCase()));
    case "title":
      return method(() => {
        budget.spend(text.length >> 3); // a call per word
        return string(text.toLowerCase().replace(/\p{L}+/gu, capitalize));
      });
    case "capitalize":
      return method(() => string(capitalize(text.toLowerCase())));
    case "join":
      return method(([items]) => {
        if (items === undefined || !isArray(items)) throw new Error("join() takes a list");
        return string(
          budget.join(
            items.value.map((item) => str(item, printer)),
            text,
          ),
        );
      });
    default:
      return undefined;
  }
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function splitText(text: string, separator: string, cuts: number | undefined, { marks, budget }: Printer): string[] {
  if (marks.strip(separator).length === 0) throw new Error("split() needs a separator");
  budget.spend(text.length >> 6);
  return marks.split(text, separator, cuts);
}

function splitWords(text: string, cuts = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = [];
  let rest = text;
  while (rest.length > 0 && words.length < cuts) {
    const space = /\p{White_Space}+/u.exec(rest);
    if (space === null) break;
    words.push(rest.slice(0, space.index));
    rest = rest.slice(space.index + space[0].length);
  }
  return rest.length > 0 ? [...words, rest] : words;
}

/** str.replace; `count`: an integer limits the replacements. */
export function replace(text: string, from: string, to: string, count: Value | undefined, printer: Printer): string {
  if (printer.marks.strip(from).length === 0) throw new Error("replace() needs a text to replace");
  const limit = count?.type === "IntegerValue" && count.value >= 0 ? count.value : undefined;
  return printer.budget.join(splitText(text, from, limit, printer), to);
}

/** Python's object[start:stop:step]; a string is cut by code points. */
export function slice(
  object: Value,
  start: number | undefined,
  stop: number | undefined,
  step: number | undefined,
  { marks, budget }: Printer,
): Value {
  const by = step ?? 1;
  if (by === 0) throw new Error("a slice's step is not 0");
  if (object.type !== "StringValue" && !isArray(object)) throw new Error("only a list or a string has slices");
  if (object.type === "StringValue") budget.spend(object.value.length >> 4);
  const items: readonly unknown[] = object.type === "StringValue" ? marks.characters(object.value) : object.value;
  const at = (bound: number | undefined, missing: number): number => {
    if (bound === undefined) return missing;
    const index = bound < 0 ? bound + items.length : bound;
    return by > 0 ? Math.min(Math.max(index, 0), items.length) : Math.min(Math.max(index, -1), items.length - 1);
  };
  const from = at(start, by > 0 ? 0 : items.length - 1);
  const to = at(stop, by > 0 ? items.length : -1);
  const picked: unknown[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) picked.push(items[i]);
  return object.type === "StringValue" ? string(picked.join("")) : array(picked as Value[]);
}

/** len(): code points, items or keys. */
export function length(value: Value, { marks, budget }: Printer): Value {
  if (value.type === "StringValue") {
    budget.spend(value.value.length >> 6);
    return integer(marks.length(value.value));
  }
  if (isArray(value)) return integer(value.value.length);
  if (isObject(value)) return integer(value.value.size);
  if (value.type === "UndefinedValue") return integer(0);
  throw new Error("only lists, mappings and strings have a length");
}

function expectText(value: Value | undefined, method: string): string {
  if (value?.type !== "StringValue") throw new Error(`${method}() takes a string`);
  return value.value;
}
