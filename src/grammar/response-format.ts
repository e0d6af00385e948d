/** Response formats as expressions. */
import { UnsupportedError } from "../errors.ts";
import type { ResponseFormat } from "../types.ts";
import { type Expression, machine } from "./expression.ts";
import { parseGbnf } from "./gbnf.ts";
import { SchemaCompiler } from "./json-schema.ts";
import { MAX_GRAMMAR_LENGTH } from "./limits.ts";
import { Literals } from "./machine.ts";
import { Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";
import { parseRegex } from "./regex.ts";
import { Schemas } from "./schema-source.ts";
import { JSON_SYNTAX } from "./value-syntax.ts";

const MAX_CHOICES = 10_000;

/**
 * The texts of a format; undefined: any text. Regular expressions match the whole text.
 *
 * @throws {UnsupportedError} What cannot be held to. @throws {RangeError} What is no such format. Both messages say where.
 */
export function formatExpression(format: ResponseFormat): Expression | undefined {
  switch (format.type) {
    case "text":
      return undefined;
    case "json_object":
      return new SchemaCompiler(new Schemas({ type: "object" }, "responseFormat"), JSON_SYNTAX).compile();
    case "json_schema":
      return new SchemaCompiler(new Schemas(format.schema, "responseFormat.schema"), JSON_SYNTAX).compile();
    case "regex":
      return machine(new Trimmed(new RegularMachine(parseRegex(string(format.pattern, "pattern")))));
    case "gbnf":
      return parseGbnf(string(format.grammar, "grammar"));
    case "choice":
      return choices(format.choices);
    default:
      throw new UnsupportedError(
        `responseFormat.type ${JSON.stringify((format as { type: unknown }).type)} is not supported`,
        "responseFormat",
      );
  }
}

function string(value: unknown, name: string): string {
  if (typeof value !== "string") throw new RangeError(`responseFormat.${name} must be a string`);
  return value;
}

function choices(texts: unknown): Expression {
  if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === "string" && text !== ""))
    throw new RangeError("responseFormat.choices must be a list of texts that are not empty");
  const all = texts as string[];
  if (all.length > MAX_CHOICES || all.reduce((sum, text) => sum + text.length, 0) > MAX_GRAMMAR_LENGTH)
    throw new UnsupportedError(
      `responseFormat.choices may be ${MAX_CHOICES} texts of ${MAX_GRAMMAR_LENGTH} characters together`,
      "responseFormat",
    );
  return machine(new Literals(all));
}
