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

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** "2GiB", "500MB" or bytes. @throws {UsageError} */
export function parseSize(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new UsageError(`${flag} must be a size as 2GiB, 500MB or bytes, not ${JSON.stringify(text)}`);
  return bytes;
}

/** 4411000000 → "4.41 GB", 5120530 → "5.12 M" with unit "". */
export function formatCount(value: number, unit = "B"): string {
  const step = [1e9, 1e6, 1e3].find((size) => value >= size);
  if (step === undefined) return `${value} ${unit}`.trim();
  const prefix = { 1e9: unit === "" ? "B" : "G", 1e6: "M", 1e3: unit === "" ? "K" : "k" }[step as 1e3 | 1e6 | 1e9];
  return `${(value / step).toPrecision(3)} ${prefix}${unit}`;
}
