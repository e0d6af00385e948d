/** A chat template from a file, ready to run. */
import { TemplateError } from "../template-error.ts";
import { Budget, MAX_LIST_LENGTH } from "./budget.ts";
import { Interpreter } from "./interpreter.ts";
import { Marks } from "./marks.ts";
import { parse } from "./parse.ts";
import { strftime } from "./strftime.ts";
import { array, boolean, integer, native, newEnvironment, none, number, object, string, undefinedValue, type Value } from "./values.ts";

/** Nested lists and mappings of a conversation. */
export const MAX_JSON_DEPTH = 100;

export interface Template {
  /**
   * Runs the template.
   *
   * @param variables JSON values by name. Text in them is the client's and is printed with its marks, except TrustedText.
   * @param now What strftime_now tells, through the UTC fields.
   * @returns The rendered text; the client's parts of it still carry their marks.
   * @throws {TemplateError} The template raised, or took more than it may.
   */
  render(variables: Readonly<Record<string, unknown>>, options: RenderOptions): string;
}

export interface RenderOptions {
  readonly now: Date;
  readonly marks?: Marks;
}

/** Text in a variable that the host itself wrote: it gets no marks, its special tokens are meant. */
export class TrustedText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** @throws {TemplateError} It is no template that can be run. */
export function compileTemplate(source: string): Template {
  const program = guarded("Cannot read the chat template", () => parse(source));
  return {
    render: (variables, { now, marks = Marks.none }) =>
      guarded("Cannot render the conversation with the chat template", () => {
        const environment = newEnvironment();
        const budget = new Budget();
        for (const [name, value] of globals(now, budget)) environment.setVariable(name, value);
        for (const [name, value] of Object.entries(variables)) environment.setVariable(name, toValue(value, marks, 0));
        return new Interpreter(program, environment, marks, budget).render();
      }),
  };
}

function globals(now: Date, budget: Budget): [string, Value][] {
  return [
    ["true", boolean(true)],
    ["True", boolean(true)],
    ["false", boolean(false)],
    ["False", boolean(false)],
    ["none", none],
    ["None", none],
    ["range", native((args) => range(args, budget))],
    [
      "raise_exception",
      native(([message]) => {
        throw new Error(message?.type === "StringValue" ? message.value : "the template raised");
      }),
    ],
    [
      "strftime_now",
      native(([format]) => {
        if (format?.type !== "StringValue") throw new Error("strftime_now takes a string");
        return string(strftime(now, format.value));
      }),
    ],
  ];
}

function range(args: Value[], budget: Budget): Value {
  const numbers = args.map((arg) => {
    if (arg.type !== "IntegerValue") throw new Error("range takes integers");
    return arg.value;
  });
  const [first = 0, second, step = 1] = numbers;
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new Error("range's step is not 0");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_LIST_LENGTH) throw new Error(`range makes a list of ${count} items, allowed are ${MAX_LIST_LENGTH}`);
  budget.objects(count);
  return array(Array.from({ length: count }, (_, i) => integer(start + i * step)));
}

/** Keys that a template may look up by name: marking them would hide them. They hold no special token's characters but letters. */
const PLAIN_KEY = /^[\w$.-]+$/;

/** A JSON value for the interpreter; text gets its marks here. */
function toValue(json: unknown, marks: Marks, depth: number): Value {
  if (depth > MAX_JSON_DEPTH) throw new Error(`it is nested more than ${MAX_JSON_DEPTH} deep`);
  if (typeof json === "string") return string(marks.protect(json));
  if (json instanceof TrustedText) return string(json.text);
  if (typeof json === "number") return number(json);
  if (typeof json === "boolean") return boolean(json);
  if (json === null) return none;
  if (json === undefined) return undefinedValue;
  if (Array.isArray(json)) return array(json.map((item) => toValue(item, marks, depth + 1)));
  if (typeof json === "object") {
    const entries = Object.entries(json).map(([key, value]): [string, Value] => [
      PLAIN_KEY.test(key) ? key : marks.protect(key),
      toValue(value, marks, depth + 1),
    ]);
    return object(new Map(entries));
  }
  throw new Error(`a ${typeof json} is no JSON`);
}

/** Whatever is thrown inside, also by the engine and by the library's own slips, as one line. */
function guarded<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new TemplateError(`${what}: ${reason(error).replace(/\s+/g, " ").slice(0, 300)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return "it is nested too deep"; // a stack overflow
  if (error instanceof TypeError) return "it ends inside a tag or block, or uses what the interpreter lacks";
  if (error instanceof Error && error.message !== "") return error.message;
  return "a break or continue outside of a loop"; // how the library carries these
}
