/** Calls of tools in the model's own syntax: `[f(a='x', n=3), g()]`, or JSON where the model writes that. */
import { UnsupportedError } from "../errors.ts";
import type { JsonSchema, Tool } from "../types.ts";
import { chars, choiceOf, type Expression, machine, NOTHING, repeat, sequence, text } from "./expression.ts";
import { inOrder, SchemaCompiler } from "./json-schema.ts";
import { MAX_CALLS } from "./limits.ts";
import { Literals, type Machine } from "./machine.ts";
import { Complement, Intersection, Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";
import type { Members } from "./schema-members.ts";
import { Schemas } from "./schema-source.ts";
import { JSON_STRING, quoted, type StringLimits } from "./strings.ts";
import { COLON, JSON_SYNTAX, PYTHON_SYNTAX, SEPARATOR } from "./value-syntax.ts";

export interface CallOptions {
  readonly syntax: "pythonic" | "json";
  /** More than one call in the list. */
  readonly parallel: boolean;
  /** Every tool must be one that calls can be held to. Otherwise only those with `strict` must: of another whose schema is not supported the names of arguments are held to. */
  readonly strict: boolean;
}

/** What the reader of calls takes for a function's name. */
const NAME = /^[\p{L}_$][\p{L}\p{N}_$.:/-]*$/u;
/** And for an argument's, of which ASCII is enough here. Others are passed as `**{'a b': 1}`. */
const ARGUMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LETTERS: readonly [number, number][] = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]; // prettier-ignore
let argumentNames: Machine | undefined;

/**
 * The text between the call tokens: at least one call. Objects that declare properties have no others, unless additionalProperties says so.
 *
 * @throws {UnsupportedError} A schema or name that calls cannot be held to; the message says which tool's.
 */
export function callsExpression(tools: readonly Tool[], options: CallOptions): Expression {
  const names = new Set<string>();
  const calls = tools.flatMap((tool, i) => {
    const { name } = tool.function;
    const strict = options.strict || tool.function.strict === true;
    const at = `tools[${i}].function`;
    const refuse = (why: string): Expression[] => {
      if (strict) throw new UnsupportedError(`${at}.name: ${why}`, "tools");
      return [];
    };
    if (names.has(name)) return refuse("two tools have this name");
    if (options.syntax === "pythonic" && !NAME.test(name))
      return refuse("calls of a function of this name cannot be read back; begin it with a letter");
    names.add(name);
    return [callExpression(tool, at, options.syntax, strict)];
  });
  const one = choiceOf(calls);
  return sequence(text("["), one, ...(options.parallel ? [repeat(sequence(text(SEPARATOR), one), 0, MAX_CALLS - 1)] : []), text("]"));
}

function callExpression({ function: { name, parameters } }: Tool, at: string, syntax: CallOptions["syntax"], strict: boolean): Expression {
  const compiler = compilerOf(parameters ?? { type: "object", properties: {} }, `${at}.parameters`, syntax, strict);
  if (syntax === "pythonic") return sequence(text(`${name}(`), compiler.compileObject(keywordArguments), text(")"));
  const begin = `{${quoted("name", JSON_STRING)}${COLON}${quoted(name, JSON_STRING)}${SEPARATOR}${quoted("arguments", JSON_STRING)}${COLON}`;
  return sequence(
    text(begin),
    compiler.compileObject((members) => compiler.object(members)),
    text("}"),
  );
}

function compilerOf(parameters: JsonSchema, where: string, syntax: CallOptions["syntax"], strict: boolean): SchemaCompiler {
  const values = syntax === "pythonic" ? PYTHON_SYNTAX : JSON_SYNTAX;
  const compiler = (schema: JsonSchema): SchemaCompiler => new SchemaCompiler(new Schemas(schema, where), values, { closed: true });
  if (strict) return compiler(parameters);
  try {
    const made = compiler(parameters);
    made.compileObject(() => NOTHING); // what is only found out on the way
    return compiler(parameters);
  } catch (error) {
    if (!(error instanceof UnsupportedError || error instanceof RangeError)) throw error;
    return compiler(namesOnly(parameters));
  }
}

/** Which arguments there are, and which must be there, without what they are. */
function namesOnly(parameters: JsonSchema): JsonSchema {
  const { properties, required } = typeof parameters === "object" ? parameters : {};
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  const needed = Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
  const any = Object.fromEntries(names.map((name) => [name, true]));
  return { type: "object", required: needed, ...(names.length > 0 && { properties: any }) };
}

function keywordArguments({ declared, others }: Members): Expression {
  if (declared.every(({ key }) => ARGUMENT_NAME.test(key))) {
    const members = declared.map(({ key, required, value }) => ({ required, member: sequence(text(`${key}=`), value) }));
    return inOrder(members, choiceOf(others.map(({ limits, value }) => sequence(argumentName(limits), text("="), value))));
  }
  const members = declared.map(({ key, required, value }) => ({ required, member: sequence(PYTHON_SYNTAX.key(key), value) }));
  const other = choiceOf(others.map(({ limits, value }) => sequence(PYTHON_SYNTAX.keys(limits), value)));
  return sequence(text("**{"), inOrder(members, other), text("}"));
}

function argumentName({ machines, not = [] }: StringLimits): Expression {
  argumentNames ??= new RegularMachine(sequence(chars(...LETTERS), repeat(chars(...LETTERS, [0x30, 0x39]), 0, Number.POSITIVE_INFINITY)));
  const names = new Trimmed(new Intersection([argumentNames, ...machines, ...(not.length > 0 ? [new Complement(new Literals(not))] : [])]));
  return names.isEmpty ? NOTHING : machine(names);
}
