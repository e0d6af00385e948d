/** citty takes any flag and drops what it does not know; here every argument is known, or the command is not run. */
import { parseArgs } from "node:util";
import type { ArgDef, ArgsDef } from "citty";
import { UsageError } from "./errors.ts";

/** Flags that may be given more than once. */
const REPEATABLE = new Set(["stop"]);

export interface CheckedArguments {
  /** All values of each flag, in their order, by the flag's name. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** The same arguments in the one form that citty cannot take for another: it drops a value that begins with --no-. */
  readonly rawArgs: string[];
}

/** @throws {UsageError} */
export function checkArguments(given: readonly string[], args: ArgsDef): CheckedArguments {
  const flags = Object.entries(args).filter(([, { type }]) => type !== "positional");
  const positionals = Object.entries(args).filter(([, { type }]) => type === "positional");
  const options = Object.fromEntries(
    flags.map(([name, arg]) => [
      name,
      { type: arg.type === "boolean" ? "boolean" : "string", ...(letter(arg) && { short: letter(arg) }) } as const,
    ]),
  );
  const known = new Set(flags.flatMap(([name, arg]) => [`--${name}`, ...(letter(arg) ? [`-${letter(arg)}`] : [])]));
  const values = new Map<string, string[]>();
  const rawArgs: string[] = [];
  const places: string[] = [];
  for (const token of parseArgs({ args: [...given], options, strict: false, allowPositionals: true, tokens: true }).tokens) {
    if (token.kind === "positional" && places.push(token.value) > positionals.length) {
      throw new UsageError(
        `unexpected argument ${JSON.stringify(token.value)}${positionals.length > 0 ? "; quote a text that has spaces" : ""}`,
      );
    }
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!known.has(rawName)) throw new UsageError(`unknown flag ${rawName}`);
    if (options[name]!.type === "boolean" && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    if (options[name]!.type === "string" && (value === undefined || (!inlineValue && known.has(value))))
      throw new UsageError(`${rawName} needs a value`);
    if (values.has(name) && !REPEATABLE.has(name)) throw new UsageError(`${rawName} was given twice`);
    values.set(name, [...(values.get(name) ?? []), value ?? ""]);
    rawArgs.push(value === undefined ? `--${name}` : `--${name}=${value}`);
  }
  const missing = positionals.slice(places.length).find(([, { required }]) => required !== false);
  if (missing) throw new UsageError(`${missing[0].toUpperCase()} is missing`);
  return { values, rawArgs: [...rawArgs, "--", ...places] };
}

const letter = (arg: ArgDef): string | undefined => ("alias" in arg && typeof arg.alias === "string" ? arg.alias : undefined);
