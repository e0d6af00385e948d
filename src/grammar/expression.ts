/** Expressions: what all front ends make, and what automata are made of. */
import type { Machine } from "./machine.ts";

export type Range = readonly [first: number, last: number]; // code points

/** A name for an expression; recursion goes through rules. */
export interface Rule {
  readonly name: string;
  body: Expression;
}

export type Expression =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "chars"; readonly ranges: readonly Range[] } // one of these characters
  | { readonly kind: "sequence"; readonly items: readonly Expression[] }
  | { readonly kind: "choice"; readonly options: readonly Expression[] } // without options: nothing matches
  | { readonly kind: "repeat"; readonly item: Expression; readonly min: number; readonly max: number } // max may be Infinity
  | { readonly kind: "rule"; readonly rule: Rule }
  | { readonly kind: "nest"; readonly item: Expression } // a list or an object: MAX_NESTING counts them
  | { readonly kind: "machine"; readonly machine: Machine }
  | { readonly kind: "start" | "end" }; // of the text; in regular expressions only

export const text = (value: string): Expression => ({ kind: "text", text: value });
export const chars = (...ranges: Range[]): Expression => ({ kind: "chars", ranges });
export const sequence = (...items: Expression[]): Expression => sequenceOf(items);
export const choice = (...options: Expression[]): Expression => choiceOf(options);
/** Of so many as a caller may write: more than there is room for among arguments. */
export const sequenceOf = (items: readonly Expression[]): Expression => (items.length === 1 ? items[0]! : { kind: "sequence", items });
export const choiceOf = (options: readonly Expression[]): Expression => (options.length === 1 ? options[0]! : { kind: "choice", options });
export const repeat = (item: Expression, min: number, max: number): Expression => ({ kind: "repeat", item, min, max });
export const optional = (item: Expression): Expression => repeat(item, 0, 1);
export const nest = (item: Expression): Expression => ({ kind: "nest", item });
export const machine = (one: Machine): Expression => ({ kind: "machine", machine: one });
export const call = (rule: Rule): Expression => ({ kind: "rule", rule });

export const EMPTY: Expression = { kind: "sequence", items: [] };
export const NOTHING: Expression = { kind: "choice", options: [] };
export const ANY_CHARACTER: Expression = chars([0, 0x10ffff]); // surrogates are no characters: UTF-8 has none

/** What an expression is made of. */
export function children(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "sequence":
      return expression.items;
    case "choice":
      return expression.options;
    case "repeat":
    case "nest":
      return [expression.item];
    case "rule":
      return [expression.rule.body];
    default:
      return [];
  }
}

/** Ranges sorted and joined. */
export function normalizeRanges(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter(([first, last]) => first <= last).toSorted(([a], [b]) => a - b);
  const joined: Range[] = [];
  for (const [first, last] of sorted) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) joined[joined.length - 1] = [before[0], Math.max(before[1], last)];
    else joined.push([first, last]);
  }
  return joined;
}

/** All other characters. */
export function invertRanges(ranges: readonly Range[]): Range[] {
  const inverted: Range[] = [];
  let next = 0;
  for (const [first, last] of normalizeRanges(ranges)) {
    if (first > next) inverted.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= 0x10ffff) inverted.push([next, 0x10ffff]);
  return inverted;
}
