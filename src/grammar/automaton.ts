/**
 * A grammar read byte by byte: all readings of the text so far, each a state of a machine and a stack of what is still to come.
 *
 * Stacks are linked from the top and never change, and equal ones are one object, as are equal states of the whole: to keep a state for later,
 * or to go back to it, is to keep a reference.
 */
import { UnsupportedError } from "../errors.ts";
import type { Node } from "./compile.ts";
import { MAX_NESTING, MAX_REMEMBERED, MAX_STACKS } from "./limits.ts";
import type { Machine } from "./machine.ts";
import type { TokenMask } from "./token-mask.ts";

/** What is still to come: a node, then what is below. */
export interface Stack {
  readonly id: number;
  readonly node: Node;
  readonly at: number; // of a sequence: the item that comes next; of a repetition: how often it came
  readonly level: number; // lists and objects around it
  readonly below: Stack | undefined;
}

export interface Reading {
  readonly machine: Machine;
  readonly state: number;
  readonly below: Stack | undefined;
}

export class State {
  readonly readings: readonly Reading[];
  /** The text so far is a whole one. */
  readonly complete: boolean;
  readonly next: (State | null | undefined)[] = []; // [256]; null: the byte may not come
  mask: TokenMask | undefined; // once it has been asked for
  constructor(readings: readonly Reading[], complete: boolean) {
    this.readings = readings;
    this.complete = complete;
  }
}

export class Automaton {
  readonly start: State;
  /** Readings made so far, a measure of work. */
  work = 0;
  #stacks = new Map<string, Stack>();
  #states = new Map<string, State>();
  #ids = 0;

  constructor(root: Node) {
    this.start = this.after(this.#push(root, 0, 0, undefined));
  }

  /** @throws {UnsupportedError} The grammar is too ambiguous. */
  step(state: State, byte: number): State | undefined {
    const known = state.next[byte];
    if (known !== undefined) return known ?? undefined;
    const moved: Reading[] = [];
    for (const { machine, state: from, below } of state.readings) {
      const to = machine.next(from, machine.classes.of[byte]!);
      if (to !== -1) moved.push({ machine, state: to, below });
    }
    const next = moved.length === 0 ? null : this.#settle(moved, []);
    state.next[byte] = next;
    return next ?? undefined;
  }

  /** The state when a stack's top is what comes next. */
  after(stack: Stack | undefined): State {
    return this.#settle([], [stack]);
  }

  /** All readings without another byte: what is complete is followed by what is below it. */
  #settle(moved: readonly Reading[], stacks: (Stack | undefined)[]): State {
    const readings = new Map<string, Reading>();
    const seen = new Set<Stack>();
    let complete = false;
    const add = (reading: Reading): void => {
      const { machine, state, below } = reading;
      if (machine.accepts(state)) stacks.push(below);
      if (machine.open(state)) readings.set(`${machine.id},${state},${below?.id ?? -1}`, reading);
    };
    for (const reading of moved) add(reading);
    while (stacks.length > 0) {
      const stack = stacks.pop();
      if (stack === undefined) complete = true;
      else if (!seen.has(stack)) {
        seen.add(stack);
        this.#expand(stack, add, stacks);
      }
      if (readings.size > MAX_STACKS || seen.size > 10 * MAX_STACKS) {
        throw new UnsupportedError(`the grammar is too ambiguous: a text may be read in more than ${MAX_STACKS} ways`);
      }
    }
    this.work += readings.size + seen.size;
    const key = `${[...readings.keys()].sort().join(" ")}${complete ? "." : ""}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      if (this.#states.size >= MAX_REMEMBERED) this.#forget();
      this.#states.set(key, (state = new State([...readings.values()], complete)));
    }
    return state;
  }

  #expand({ node, at, level, below }: Stack, add: (reading: Reading) => void, stacks: (Stack | undefined)[]): void {
    const fits = ({ height }: Node): boolean => level + height <= MAX_NESTING;
    switch (node.kind) {
      case "machine":
        add({ machine: node.machine, state: node.machine.start, below });
        break;
      case "sequence":
        if (at === node.items.length) stacks.push(below);
        else
          stacks.push(this.#push(node.items[at]!, 0, level, at + 1 === node.items.length ? below : this.#push(node, at + 1, level, below)));
        break;
      case "choice":
        for (const option of node.options) if (fits(option)) stacks.push(this.#push(option, 0, level, below));
        break;
      case "repeat":
        if (at >= node.min) stacks.push(below);
        if (at < node.max && fits(node.item)) {
          const count = node.max === Number.POSITIVE_INFINITY ? Math.min(at + 1, node.min) : at + 1;
          stacks.push(this.#push(node.item, 0, level, this.#push(node, count, level, below)));
        }
        break;
      case "nest":
        stacks.push(this.#push(node.item, 0, level + 1, below));
    }
  }

  /** States link to one another: all links go, and those that are still held find their way anew. */
  #forget(): void {
    for (const state of this.#states.values()) {
      state.next.length = 0;
      state.mask = undefined;
    }
    this.#states = new Map();
  }

  #push(node: Node, at: number, level: number, below: Stack | undefined): Stack {
    const key = `${node.id},${at},${level},${below?.id ?? -1}`;
    let stack = this.#stacks.get(key);
    if (stack === undefined) {
      if (this.#stacks.size >= MAX_REMEMBERED) this.#stacks = new Map();
      this.#stacks.set(key, (stack = { id: this.#ids++, node, at, level, below }));
    }
    return stack;
  }
}
