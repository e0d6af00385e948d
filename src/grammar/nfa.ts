/** Regular expressions as automata: Thompson's construction over UTF-8, made deterministic state by state. */
import { UnsupportedError } from "../errors.ts";
import type { Expression } from "./expression.ts";
import { MAX_AUTOMATON_WORK, MAX_DFA_STATES, MAX_NFA_STATES } from "./limits.ts";
import { type ByteClasses, classify, Machine } from "./machine.ts";
import { utf8Sequences } from "./utf8.ts";
import { spend } from "./work.ts";

interface NfaState {
  readonly edges: (readonly [first: number, last: number, to: number])[];
  readonly empty: number[]; // taken without a byte
  readonly atStart: number[]; // taken only before the first byte
  readonly atEnd: number[]; // taken only behind the last
}

/** What making a state takes, by the steps that the budget counts. */
const STATE_STEPS = 16;

const encoder = new TextEncoder();

/** Built from the end: every part is told what follows it. */
class Nfa {
  readonly states: NfaState[] = [];
  readonly accept = this.#state();
  readonly #chains = new Map<string, number>();

  #state(): number {
    if (this.states.length === MAX_NFA_STATES) {
      throw new UnsupportedError(
        `a regular expression is too large: it has more than ${MAX_NFA_STATES} states with its repetitions written out`,
      );
    }
    spend(STATE_STEPS);
    this.states.push({ edges: [], empty: [], atStart: [], atEnd: [] });
    return this.states.length - 1;
  }

  /** The state from which `to` is reached by the expression. */
  build(expression: Expression, to: number): number {
    switch (expression.kind) {
      case "text":
        return encoder.encode(expression.text).reduceRight((next, byte) => this.#byte(byte, byte, next), to);
      case "chars": {
        const start = this.#state();
        for (const range of expression.ranges) {
          for (const sequence of utf8Sequences(range)) {
            const [[first, last] = [0, 0], ...rest] = sequence;
            spend(1);
            this.states[start]!.edges.push([first, last, rest.reduceRight((next, [low, high]) => this.#byte(low, high, next), to)]);
          }
        }
        return start;
      }
      case "sequence":
        return expression.items.reduceRight((next, item) => this.build(item, next), to);
      case "choice":
        return this.#fork(expression.options.map((option) => this.build(option, to)));
      case "repeat":
        return this.#repeat(expression.item, expression.min, expression.max, to);
      case "rule":
        return this.build(expression.rule.body, to);
      case "start":
      case "end": {
        const state = this.#state();
        this.states[state]![expression.kind === "start" ? "atStart" : "atEnd"].push(to);
        return state;
      }
      default:
        throw new Error(`a ${expression.kind} is not regular`);
    }
  }

  #fork(to: number[]): number {
    const state = this.#state();
    for (const one of to) this.states[state]!.empty.push(one);
    return state;
  }

  #repeat(item: Expression, min: number, max: number, to: number): number {
    let next = to;
    if (max === Number.POSITIVE_INFINITY) {
      next = this.#state();
      this.states[next]!.empty.push(to, this.build(item, next));
    } else for (let i = min; i < max; i++) next = this.#fork([to, this.build(item, next)]);
    for (let i = 0; i < min; i++) {
      const before = this.build(item, next);
      if (before === next) break; // it is empty, however often it stands there
      next = before;
    }
    return next;
  }

  /** Shared, so that the many sequences of a large range have one tail. */
  #byte(first: number, last: number, to: number): number {
    const key = `${first},${last},${to}`;
    let state = this.#chains.get(key);
    if (state === undefined) {
      this.#chains.set(key, (state = this.#state()));
      this.states[state]!.edges.push([first, last, to]);
    }
    return state;
  }

  /** Bytes between the same edges' borders. */
  classes(): ByteClasses {
    const border = new Uint8Array(257);
    for (const { edges } of this.states) for (const [first, last] of edges) border[first] = border[last + 1] = 1;
    let current = 0;
    return classify((byte) => (current += border[byte]!));
  }
}

/** The texts that a regular expression (one without recursion) matches from start to end. */
export class RegularMachine extends Machine {
  readonly start: number;
  readonly #nfa: readonly NfaState[];
  readonly #accept: number;
  readonly #sets: Int32Array[] = []; // [state], the NFA's states that it stands for, ascending
  readonly #accepting: boolean[] = [];
  readonly #known = new Map<string, number>();
  readonly #next: Int32Array[] = []; // [state], by class; −2: not known yet
  readonly #seen: Uint32Array;
  #turn = 0;
  #work = 0;

  constructor(expression: Expression) {
    const nfa = new Nfa();
    const start = nfa.build(expression, nfa.accept);
    super(nfa.classes());
    this.#nfa = nfa.states;
    this.#accept = nfa.accept;
    this.#seen = new Uint32Array(nfa.states.length);
    this.start = this.#intern(this.#closure([start], true), true);
  }

  next(state: number, byteClass: number): number {
    const row = this.#next[state]!;
    const known = row[byteClass]!;
    if (known !== -2) return known;
    const byte = this.classes.first[byteClass]!;
    const reached: number[] = [];
    for (const one of this.#sets[state]!) {
      const { edges } = this.#nfa[one]!;
      this.#count(edges.length + 1);
      for (const [first, last, to] of edges) if (first <= byte && byte <= last) reached.push(to);
    }
    return (row[byteClass] = reached.length === 0 ? -1 : this.#intern(this.#closure(reached, false), false));
  }

  accepts(state: number): boolean {
    return this.#accepting[state]!;
  }

  #count(steps: number): void {
    spend(steps);
    this.#work += steps;
    if (this.#work > MAX_AUTOMATON_WORK)
      throw new UnsupportedError("a regular expression is too complex: making its automaton takes too long");
  }

  #closure(from: readonly number[], atStart: boolean): number[] {
    return this.#reach(from, ({ empty, atStart: more }) => (atStart ? [...empty, ...more] : empty));
  }

  #reach(from: readonly number[], next: (state: NfaState) => readonly number[]): number[] {
    const turn = ++this.#turn;
    const found: number[] = [];
    const waiting = [...from];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (this.#seen[one] === turn) continue;
      this.#seen[one] = turn;
      found.push(one);
      for (const to of next(this.#nfa[one]!)) waiting.push(to);
    }
    this.#count(found.length);
    return found;
  }

  #intern(closed: number[], atStart: boolean): number {
    const accepting = this.#reach(closed, ({ empty, atStart: more, atEnd }) => [...empty, ...atEnd, ...(atStart ? more : [])]).includes(
      this.#accept,
    );
    const set = Int32Array.from(
      closed.filter((one) => this.#nfa[one]!.edges.length > 0 || this.#nfa[one]!.atEnd.length > 0 || one === this.#accept),
    ).sort();
    const key = `${String(atStart)} ${String(set)}`;
    let state = this.#known.get(key);
    if (state === undefined) {
      if (this.#sets.length === MAX_DFA_STATES)
        throw new UnsupportedError("a regular expression is too complex: its automaton has too many states");
      this.#known.set(key, (state = this.#sets.length));
      this.#sets.push(set);
      this.#accepting.push(accepting);
      this.#next.push(new Int32Array(this.classes.first.length).fill(-2));
    }
    return state;
  }
}
