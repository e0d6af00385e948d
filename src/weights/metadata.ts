/** Typed reading of GGUF metadata: each getter names the key, what it found and what was expected. */
import { UnsupportedError, WeightsError } from "../errors.ts";
import { printable, quote } from "../gguf/quote.ts";
import type { GgufFile, MetadataValue } from "../gguf/types.ts";

export class Metadata {
  readonly #file: string;
  readonly #values: ReadonlyMap<string, MetadataValue>;

  constructor(file: GgufFile) {
    this.#file = printable(file.shards[0] ?? "the model");
    this.#values = file.metadata;
  }

  get(key: string): MetadataValue | undefined {
    return this.#values.get(key);
  }

  error(what: string): WeightsError {
    return new WeightsError(`Cannot use ${this.#file}: ${what}`);
  }

  unsupported(what: string, param: string): UnsupportedError {
    return new UnsupportedError(this.error(what).message, param);
  }

  /** A whole number from `least` to `most`; throws where it is missing. */
  integer(key: string, least: number, most: number): number {
    const value = this.optionalInteger(key, least, most);
    if (value === undefined) throw this.error(`it has no ${key}`);
    return value;
  }

  optionalInteger(key: string, least: number, most: number): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.error(`${key} is ${describe(value)}, expected a whole number from ${least} to ${most}`);
  }

  /** A number from `least` to `most`; throws where it is missing. */
  number(key: string, least: number, most: number): number {
    const value = this.get(key);
    if (value === undefined) throw this.error(`it has no ${key}`);
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw this.error(`${key} is ${describe(value)}, expected a number from ${least} to ${most}`);
  }

  optionalText(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.error(`${key} is ${describe(value)}, expected a string`);
  }

  /** Whole numbers from `least` to `most`, one for each of `length` layers: an array of any integer type, or one number for all. */
  perLayer(key: string, length: number, least: number, most: number): number[] {
    const value = this.get(key);
    if (value === undefined) throw this.error(`it has no ${key}`);
    const values = typeof value === "number" ? Array.from({ length }, () => value) : numbersOf(value);
    if (!values) throw this.error(`${key} is ${describe(value)}, expected a number for each of the ${length} layers`);
    if (values.length !== length) throw this.error(`${key} has ${values.length} numbers, expected one for each of the ${length} layers`);
    const wrong = values.findIndex((n) => !Number.isInteger(n) || n < least || n > most);
    if (wrong >= 0) throw this.error(`${key}[${wrong}] is ${values[wrong]}, expected a whole number from ${least} to ${most}`);
    return values;
  }
}

function numbersOf(value: MetadataValue): number[] | undefined {
  return ArrayBuffer.isView(value) ? Array.from(value) : undefined;
}

export function describe(value: MetadataValue): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "object" ? `an array of ${value.length}` : String(value);
}
