/** Numbers as they are written: JSON's, which Python shares. */
import { UnsupportedError } from "../errors.ts";
import { chars, choice, optional, repeat, sequence, text } from "./expression.ts";
import { classify, Machine } from "./machine.ts";
import { RegularMachine } from "./nfa.ts";

/** Digits of an integer: all that a double holds exactly have no more. */
const INTEGER_DIGITS = 16;
/** Digits before and behind the point: JSON.stringify writes no more. */
const NUMBER_DIGITS = 21;
const FRACTION_DIGITS = 22;
/** Decimals of so many digits are told apart by doubles. */
const EXACT_DIGITS = 15;

const digits = (min: number, max: number) => repeat(chars([0x30, 0x39]), min, max);
const whole = (max: number) => choice(text("0"), sequence(chars([0x31, 0x39]), digits(0, max - 1)));
const sign = optional(text("-"));

let integers: Machine | undefined;
let numbers: Machine | undefined;

export const anyInteger = (): Machine => (integers ??= new RegularMachine(sequence(sign, whole(INTEGER_DIGITS))));

/** Exponents from 0 to 307, in three digits. */
const largeExponent = choice(sequence(chars([0x30, 0x32]), digits(2, 2)), sequence(text("30"), chars([0x30, 0x37])));

/** With an exponent, one digit stands before the point, and it stays below the largest double. */
export function anyNumber(): Machine {
  return (numbers ??= new RegularMachine(
    choice(
      sequence(sign, whole(NUMBER_DIGITS), optional(sequence(text("."), digits(1, FRACTION_DIGITS)))),
      sequence(
        sign,
        digits(1, 1),
        optional(sequence(text("."), digits(1, FRACTION_DIGITS))),
        chars([0x65, 0x65], [0x45, 0x45]),
        choice(sequence(text("-"), digits(1, 3)), sequence(optional(text("+")), choice(digits(1, 2), largeExponent))),
      ),
    ),
  ));
}

export interface NumberLimits {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly multipleOf?: number | undefined; // a whole number: none but whole numbers are
}

export const isLimited = (limits: NumberLimits): boolean => Object.values(limits).some((limit) => limit !== undefined);

/** The numbers within limits, written without an exponent; undefined if there are none. @throws {UnsupportedError} All are too long. */
export function limitedNumber(limits: NumberLimits, integer: boolean): Machine | undefined {
  const whole = integer || limits.multipleOf !== undefined;
  const bounded = new Bounded(limits, whole);
  if (!bounded.isEmpty) return bounded;
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = limits;
  const low = Math.max(minimum ?? Number.NEGATIVE_INFINITY, exclusiveMinimum ?? Number.NEGATIVE_INFINITY);
  const high = Math.min(maximum ?? Number.POSITIVE_INFINITY, exclusiveMaximum ?? Number.POSITIVE_INFINITY);
  const digits = whole ? INTEGER_DIGITS : EXACT_DIGITS;
  if (low <= high && (low >= 10 ** digits || high <= -(10 ** digits)))
    throw new UnsupportedError(`limits that only numbers of more than ${digits} digits are within are not supported`);
  return undefined;
}

/** A double's decimal value, in units of 10^−scale, rounded down or up to a whole one. */
function scaled(value: number, scale: number, up: boolean): bigint {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value))!;
  const power = Number(exponent) - fraction.length + scale;
  const magnitude = BigInt(whole + fraction);
  const negative = sign === "-";
  if (power >= 0) return (negative ? -magnitude : magnitude) * 10n ** BigInt(power);
  const unit = 10n ** BigInt(-power);
  const floor = magnitude / unit;
  if (floor * unit === magnitude) return negative ? -floor : floor;
  return negative ? (up ? -floor : -floor - 1n) : up ? floor + 1n : floor;
}

/**
 * States are what is written so far, as far as it matters. Another digit may follow where some way to go on ends within the limits: the numbers
 * that begin in one way are a handful of intervals, one for each count of digits that may follow.
 */
class Bounded extends Machine {
  readonly start = 0;
  readonly #scale: number; // digits behind the point
  readonly #whole: number; // digits before it
  readonly #low: bigint | undefined; // in units of the last digit; both inclusive
  readonly #high: bigint | undefined;
  readonly #step: bigint;
  readonly #written: string[] = [""]; // [state], of those alike the first
  readonly #states = new Map<string, number>(); // by what may follow
  readonly #edges = new Map<number, number>(); // state · 256 + class → state

  constructor({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: NumberLimits, integer: boolean) {
    super(classify((byte) => ("-.0123456789".includes(String.fromCharCode(byte)) ? byte : -1)));
    this.#whole = integer ? INTEGER_DIGITS : EXACT_DIGITS;
    const largest = Math.max(...[minimum, maximum, exclusiveMinimum, exclusiveMaximum].map((limit) => Math.abs(limit ?? 0)));
    // Of numbers as long as this, no two are one double, and so a limit that is excluded stays excluded.
    this.#scale = integer ? 0 : Math.max(1, EXACT_DIGITS - String(Math.trunc(Math.min(largest, 1e14))).length);
    const scale = this.#scale;
    const lows = [
      ...(minimum === undefined ? [] : [scaled(minimum, scale, true)]),
      ...(exclusiveMinimum === undefined ? [] : [scaled(exclusiveMinimum, scale, false) + 1n]),
    ];
    const highs = [
      ...(maximum === undefined ? [] : [scaled(maximum, scale, false)]),
      ...(exclusiveMaximum === undefined ? [] : [scaled(exclusiveMaximum, scale, true) - 1n]),
    ];
    if (integer) {
      // Beyond, an integer is not read as the one that was written.
      lows.push(-BigInt(Number.MAX_SAFE_INTEGER));
      highs.push(BigInt(Number.MAX_SAFE_INTEGER));
    }
    if (lows.length > 0) this.#low = lows.reduce((a, b) => (a > b ? a : b));
    if (highs.length > 0) this.#high = highs.reduce((a, b) => (a < b ? a : b));
    this.#step = multipleOf === undefined ? 1n : BigInt(multipleOf);
  }

  get isEmpty(): boolean {
    return this.classes.first.every((_, byteClass) => this.next(this.start, byteClass) === -1);
  }

  next(state: number, byteClass: number): number {
    const edge = state * 256 + byteClass;
    let next = this.#edges.get(edge);
    if (next === undefined) {
      const written = this.#written[state]! + String.fromCharCode(this.classes.first[byteClass]!);
      const future = this.#future(written);
      next = future === undefined ? -1 : (this.#states.get(future) ?? this.#written.push(written) - 1);
      if (future !== undefined) this.#states.set(future, next);
      this.#edges.set(edge, next);
    }
    return next;
  }

  accepts(state: number): boolean {
    const written = this.#written[state]!;
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(written) || written === "-0") return false;
    const [whole = "", fraction = ""] = written.replace("-", "").split(".");
    const value = BigInt(whole + fraction.padEnd(this.#scale, "0"));
    return this.#within(written.startsWith("-"), value, value);
  }

  /**
   * What may follow, as a key: beginnings with the same are one state. Undefined: no number within the limits begins so. Where each interval is
   * within the limits or outside as a whole, only how much is written matters, and the remainder; else all of it.
   */
  #future(written: string): string | undefined {
    const form = /^(-?)(0|[1-9]\d*)?(\.\d*)?$/.exec(written);
    if (!form) return undefined;
    const [, sign = "", whole = "", fraction] = form;
    const intervals = [...this.#intervals(sign, whole, fraction)];
    const within = intervals.map(([from, to]) => this.#within(sign === "-", from, to));
    if (!within.includes(true)) return undefined;
    const cut = intervals.some(([from, to]) => this.#isCut(sign === "-", from, to));
    if (cut || whole === "") return written;
    const length = fraction === undefined ? (whole === "0" ? 0 : whole.length) : `.${fraction.length}`;
    return `${sign}${length} ${within.join()} ${BigInt(whole) % this.#step}`;
  }

  /** The numbers that begin so, without their sign, by how many digits may follow before the point. */
  *#intervals(sign: string, whole: string, fraction: string | undefined): Generator<[from: bigint, to: bigint]> {
    const unit = 10n ** BigInt(this.#scale);
    const negative = sign === "-";
    if (whole === "") {
      if (fraction === undefined) yield [negative ? 1n : 0n, 10n ** BigInt(this.#whole) * unit - 1n];
    } else if (whole.length > this.#whole) return;
    else if (fraction !== undefined) {
      const given = fraction.length - 1;
      if (given > this.#scale || this.#scale === 0) return;
      const rest = 10n ** BigInt(this.#scale - given);
      const value = BigInt(whole + fraction.slice(1)) * rest;
      yield [value, value + rest - 1n];
    } else if (!(negative && whole === "0" && this.#scale === 0)) {
      const more = whole === "0" ? 0 : this.#whole - whole.length;
      for (let i = 0, power = unit; i <= more; i++, power *= 10n) yield [BigInt(whole) * power, BigInt(whole) * power + power - 1n];
    }
  }

  /** Whether a limit lies within the interval. */
  #isCut(negative: boolean, from: bigint, to: bigint): boolean {
    const [low, high] = negative ? [-to, -from] : [from, to];
    return [this.#low, this.#high].some((limit) => limit !== undefined && limit >= low && limit <= high);
  }

  /** Whether a number of the interval, which is below zero if negative, is within the limits. */
  #within(negative: boolean, from: bigint, to: bigint): boolean {
    let [low, high] = negative ? [-to, -from] : [from, to];
    if (this.#low !== undefined && this.#low > low) low = this.#low;
    if (this.#high !== undefined && this.#high < high) high = this.#high;
    if (low > high) return false;
    const step = this.#step;
    const floor = high >= 0n ? high / step : -((-high + step - 1n) / step);
    return floor * step >= low;
  }
}
