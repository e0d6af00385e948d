/** Text of the command line as numbers. */
import { UsageError } from "./errors.ts";

/** @throws {UsageError} */
export function parseNumber(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new UsageError(`${flag} must be a number, not ${JSON.stringify(text)}`);
  return value;
}

/** @throws {UsageError} */
export function parseWhole(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UsageError(`${flag} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
}

/** 4411000000 → "4.41 GB", 5120530 → "5.12 M" with unit "". */
export function formatCount(value: number, unit = "B"): string {
  const step = [1e9, 1e6, 1e3].find((size) => value >= size);
  if (step === undefined) return `${value} ${unit}`.trim();
  const prefix = { 1e9: unit === "" ? "B" : "G", 1e6: "M", 1e3: unit === "" ? "K" : "k" }[step as 1e3 | 1e6 | 1e9];
  return `${(value / step).toPrecision(3)} ${prefix}${unit}`;
}
