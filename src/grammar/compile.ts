/** Expressions → a graph that an automaton walks: its regular parts as machines, its lists and objects counted. */
import { UnsupportedError } from "../errors.ts";
import { children, type Expression, type Range, type Rule } from "./expression.ts";
import { MAX_EXPRESSIONS, MAX_NESTING } from "./limits.ts";
import { Literals, Machine } from "./machine.ts";
import { Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";
import { spend } from "./work.ts";

/** Regular parts of more expressions than this stay in pieces, so that what is alike in them has its token masks made once. */
const MAX_MACHINE_SIZE = 200;

export type Node = { readonly id: number; readonly height: number } & (
  | { readonly kind: "machine"; readonly machine: Machine }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly item: Node; readonly min: number; readonly max: number }
  | { readonly kind: "nest"; readonly item: Node }
);

/** @throws {UnsupportedError} Too large, or recursive in a way that no text is read by. @throws {RangeError} Nothing matches it. */
export function compile(root: Expression): Node {
  const order = collect(root);
  const facts = new Facts(order);
  checkLeftRecursion(order, facts);
  const height = facts.height.get(root)!;
  if (height === Number.POSITIVE_INFINITY) throw new RangeError("nothing can match it");
  if (height > MAX_NESTING)
    throw new UnsupportedError(`it needs ${height} lists or objects inside one another, allowed are ${MAX_NESTING}`);
  return build(root, facts);
}

/** All expressions, each after one that contains it. */
function collect(root: Expression): Expression[] {
  const found = new Set<Expression>([root]);
  for (const one of found) {
    for (const child of children(one)) found.add(child);
    if (found.size > MAX_EXPRESSIONS) throw new UnsupportedError(`it is too large: it has more than ${MAX_EXPRESSIONS} parts`);
  }
  return [...found];
}

/** What is true of expressions that may contain themselves. */
class Facts {
  readonly nullable = new Set<Expression>(); // matches the empty text
  readonly size = new Map<Expression, number>(); // expressions in a regular one, with all that it calls; others have none
  readonly height = new Map<Expression, number>(); // nesting of the flattest text; Infinity: none matches

  constructor(order: readonly Expression[]) {
    const parents = new Map<Expression, Expression[]>(order.map((one) => [one, []]));
    for (const one of order) for (const child of children(one)) parents.get(child)!.push(one);
    const leaves = order.toReversed();
    this.#spread(leaves, parents, (one) => !this.nullable.has(one) && this.#isNullable(one) && this.nullable.add(one));
    this.#spread(leaves, parents, (one) => {
      const [before, now] = [this.height.get(one) ?? Number.POSITIVE_INFINITY, this.#heightOf(one)];
      this.height.set(one, now);
      return now < before;
    });
    const open = new Map(order.map((one) => [one, children(one).length])); // children without a size
    const known = order.filter((one) => open.get(one) === 0);
    for (const one of known) {
      if (one.kind === "machine" || one.kind === "nest") continue;
      this.size.set(one, this.#sizeOf(one));
      for (const parent of parents.get(one)!) {
        open.set(parent, open.get(parent)! - 1);
        if (open.get(parent) === 0) known.push(parent);
      }
    }
  }

  /** Until nothing changes: whoever contains what changed is looked at again. */
  #spread(order: readonly Expression[], parents: Map<Expression, Expression[]>, changes: (one: Expression) => unknown): void {
    const waiting = new Set(order);
    for (const one of waiting) {
      waiting.delete(one);
      spend(1 + children(one).length);
      if (changes(one)) for (const parent of parents.get(one)!) waiting.add(parent);
    }
  }

  #isNullable(one: Expression): boolean {
    const parts = children(one);
    switch (one.kind) {
      case "text":
        return one.text === "";
      case "machine":
        return one.machine.accepts(one.machine.start);
      case "choice":
        return parts.some((part) => this.nullable.has(part));
      case "repeat":
        return one.min === 0 || this.nullable.has(one.item);
      case "chars":
        return false;
      default:
        return parts.every((part) => this.nullable.has(part)); // assertions too
    }
  }

  #heightOf(one: Expression): number {
    const heights = children(one).map((part) => this.height.get(part) ?? Number.POSITIVE_INFINITY);
    switch (one.kind) {
      case "choice":
        return heights.reduce((least, height) => Math.min(least, height), Number.POSITIVE_INFINITY); // too many to be arguments
      case "repeat":
        return one.min === 0 ? 0 : heights[0]!;
      case "nest":
        return heights[0]! + 1;
      case "chars":
        return isNoCharacter(one.ranges) ? Number.POSITIVE_INFINITY : 0;
      default:
        return Math.max(0, ...heights);
    }
  }

  #sizeOf(one: Expression): number {
    const inside = children(one).reduce((sum, part) => sum + this.size.get(part)!, 1);
    if (one.kind !== "repeat") return inside;
    return inside * Math.max(1, one.max === Number.POSITIVE_INFINITY ? one.min + 1 : one.max);
  }
}

/** @throws {UnsupportedError} Naming a rule that begins with itself: it would be expanded without end. */
function checkLeftRecursion(order: readonly Expression[], { nullable }: Facts): void {
  const done = new Set<Expression>();
  for (const root of order) {
    if (done.has(root)) continue;
    const path = new Set([root]); // from the root, each with what is still to look at
    const open = [{ one: root, rest: firsts(root, nullable)[Symbol.iterator]() }];
    for (let current = open.at(-1); current; current = open.at(-1)) {
      const next = current.rest.next();
      if (next.done) {
        open.pop();
        path.delete(current.one);
        done.add(current.one);
      } else if (path.has(next.value)) {
        const around = [...path];
        const rule = around.slice(around.indexOf(next.value)).find((one) => one.kind === "rule");
        throw new UnsupportedError(
          `${rule?.kind === "rule" ? rule.rule.name : "it"} begins with itself; put what comes first in front of it`,
        );
      } else if (!done.has(next.value)) {
        path.add(next.value);
        open.push({ one: next.value, rest: firsts(next.value, nullable)[Symbol.iterator]() });
      }
    }
  }
}

/** What may come first in an expression. */
function firsts(one: Expression, nullable: ReadonlySet<Expression>): readonly Expression[] {
  if (one.kind !== "sequence") return children(one);
  const end = one.items.findIndex((item) => !nullable.has(item));
  return end === -1 ? one.items : one.items.slice(0, end + 1);
}

let nodes = 0;

function build(root: Expression, facts: Facts): Node {
  const built = new Map<Expression | Rule, { node?: Node }>();
  const lists: [to: Node[], from: readonly Expression[]][] = [];
  const make = (one: Expression): Node => {
    // A rule is what it stands for: the node of its body, which may be under construction only inside of lists.
    let target = one;
    for (const seen = new Set<Expression>(); target.kind === "rule" && !seen.has(target); target = target.rule.body) seen.add(target);
    const known = built.get(target);
    if (known?.node) return known.node;
    const node = makeNew(target);
    built.set(target, { node });
    return node;
  };
  const makeNew = (one: Expression): Node => {
    const [id, height] = [nodes++, facts.height.get(one)!];
    if ((facts.size.get(one) ?? Number.POSITIVE_INFINITY) <= MAX_MACHINE_SIZE && height === 0)
      return { id, height, kind: "machine", machine: regular(one) };
    switch (one.kind) {
      case "machine":
        return { id, height, kind: "machine", machine: one.machine };
      case "sequence":
      case "choice": {
        const items: Node[] = [];
        lists.push([items, one.kind === "sequence" ? one.items : one.options]);
        return one.kind === "sequence" ? { id, height, kind: "sequence", items } : { id, height, kind: "choice", options: items };
      }
      case "repeat":
        return { id, height, kind: "repeat", item: later(one.item, facts), min: one.min, max: one.max };
      case "nest":
        return { id, height, kind: "nest", item: later(one.item, facts) };
      default:
        return { id, height, kind: "machine", machine: regular(one) };
    }
  };
  /** A list of one, filled when its turn comes: depth of the graph is no depth of calls. */
  function later(one: Expression, { height }: Facts): Node {
    const items: Node[] = [];
    lists.push([items, [one]]);
    return { id: nodes++, height: height.get(one)!, kind: "sequence", items };
  }
  const node = make(root);
  for (const [to, from] of lists)
    for (const one of from) if (facts.height.get(one) !== Number.POSITIVE_INFINITY || from.length === 1) to.push(make(one));
  return node;
}

function regular(one: Expression): Machine {
  if (one.kind === "text") return new Literals([one.text]);
  if (one.kind === "choice" && one.options.length > 0 && one.options.every((option) => option.kind === "text"))
    return new Literals(one.options.map((option) => (option.kind === "text" ? option.text : "")));
  const machine = new RegularMachine(one);
  return canDie(one) ? new Trimmed(machine) : machine;
}

/** Halves of surrogate pairs are no characters. */
const isNoCharacter = (ranges: readonly Range[]): boolean => ranges.every(([first, last]) => first >= 0xd800 && last <= 0xdfff);

/** Whether a part may have no way to the end: an assertion in the middle, or characters that are none. */
function canDie(root: Expression): boolean {
  const found = new Set<Expression>([root]);
  for (const one of found) {
    if (one.kind === "start" || one.kind === "end" || (one.kind === "chars" && isNoCharacter(one.ranges))) return true;
    if (one.kind === "choice" && one.options.length === 0) return true;
    for (const child of children(one)) found.add(child);
  }
  return false;
}
