/** Errors across threads: a structured clone would lose their classes. */
import { TemplateError } from "../../chat/template-error.ts";
import { ContextLengthError, OutOfMemoryError, UnsupportedError, WeightsError } from "../../errors.ts";

export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), fields: {} };
  const { tokens, limit, needed, available, param } = error as Partial<ContextLengthError & OutOfMemoryError & UnsupportedError>;
  return { name: error.name, message: error.message, fields: { tokens, limit, needed, available, param } };
}

export function fromWire({ name, message, fields }: WireError): Error {
  const { tokens, limit, needed, available, param } = fields as Record<string, never>;
  switch (name) {
    case "WeightsError":
      return new WeightsError(message);
    case "ContextLengthError":
      return new ContextLengthError(message, tokens!, limit!);
    case "OutOfMemoryError":
      return new OutOfMemoryError(message, needed!, available!);
    case "UnsupportedError":
      return new UnsupportedError(message, param);
    case "TemplateError":
      return new TemplateError(message);
    case "RangeError":
      return new RangeError(message);
    case "TypeError":
      return new TypeError(message);
    default: {
      const error = new Error(message);
      if (name !== "Error") error.name = name;
      return error;
    }
  }
}
