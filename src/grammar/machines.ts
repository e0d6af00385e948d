/** Automata made of others. */
import { UnsupportedError } from "../errors.ts";
import { MAX_AUTOMATON_WORK, MAX_DFA_STATES } from "./limits.ts";
import { classify, Machine, refine } from "./machine.ts";
import { spend } from "./work.ts";

/** What all of some take. It may run into dead ends: trim it. */
export class Intersection extends Machine {
  readonly start: number;
  readonly #parts: readonly Machine[];
  readonly #classOf: readonly Uint8Array[]; // [part], its class by ours
  readonly #tuples: (readonly number[])[] = [];
  readonly #known = new Map<string, number>();
  readonly #independent: boolean;

  /** @param independent Whether what each part can end by itself they can always end together: then kinds of theirs make kinds of the whole. */
  constructor(parts: readonly Machine[], { independent = false } = {}) {
    super(refine(parts.map(({ classes }) => classes)));
    this.#parts = parts;
    this.#independent = independent;
    this.#classOf = parts.map(({ classes }) => this.classes.first.map((byte) => classes.of[byte]!));
    this.start = this.#intern(parts.map(({ start }) => start));
  }

  next(state: number, byteClass: number): number {
    const tuple = this.#tuples[state]!;
    const next: number[] = [];
    for (let i = 0; i < tuple.length; i++) {
      const one = this.#parts[i]!.next(tuple[i]!, this.#classOf[i]![byteClass]!);
      if (one === -1) return -1;
      next.push(one);
    }
    return this.#intern(next);
  }

  accepts(state: number): boolean {
    return this.#tuples[state]!.every((one, i) => this.#parts[i]!.accepts(one));
  }

  override canEnd(state: number): boolean {
    return this.#independent ? this.#tuples[state]!.every((one, i) => this.#parts[i]!.canEnd(one)) : this.accepts(state);
  }

  override kind(state: number, reach: number): number | string {
    return this.#independent ? this.#tuples[state]!.map((one, i) => this.#parts[i]!.kind(one, reach)).join(" ") : state;
  }

  #intern(tuple: readonly number[]): number {
    const key = tuple.join();
    let state = this.#known.get(key);
    if (state === undefined) {
      // Of independent parts there are as many as the text has places: that has limits of its own.
      if (!this.#independent && this.#tuples.length === MAX_DFA_STATES)
        throw new UnsupportedError("several limits on one string are too complex together");
      this.#known.set(key, (state = this.#tuples.length));
      this.#tuples.push(tuple);
    }
    return state;
  }
}

/** What another does not take, bytes that are no UTF-8 included. */
export class Complement extends Machine {
  readonly start: number;
  readonly #of: Machine;

  constructor(of: Machine) {
    super(of.classes);
    this.#of = of;
    this.start = of.start + 1;
  }

  next(state: number, byteClass: number): number {
    return state === 0 ? 0 : this.#of.next(state - 1, byteClass) + 1;
  }

  accepts(state: number): boolean {
    return state === 0 || !this.#of.accepts(state - 1);
  }
}

/** UTF-8 of min … max characters; max may be Infinity. Takes it for granted that it is UTF-8. */
export class Length extends Machine {
  readonly start = 0;
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    super(classify((byte) => (byte >= 0x80 && byte < 0xc0 ? 1 : 0)));
    this.#min = min;
    this.#max = max;
  }

  next(count: number, byteClass: number): number {
    if (byteClass === 1) return count;
    if (count >= this.#max) return -1;
    return this.#max === Number.POSITIVE_INFINITY ? Math.min(count + 1, this.#min) : count + 1;
  }

  accepts(count: number): boolean {
    return count >= this.#min;
  }

  override canEnd(): boolean {
    return this.#min <= this.#max;
  }

  /** How many characters are needed, and how many there is room for, as far as a text of `reach` bytes can see. */
  override kind(count: number, reach: number): string {
    return `${Math.min(Math.max(0, this.#min - count), reach + 1)},${Math.min(this.#max - count, reach)}`;
  }
}

/** The same texts, without the states from which none is reached. */
export class Trimmed extends Machine {
  readonly start: number;
  readonly #of: Machine;
  readonly #alive = new Map<number, boolean>();
  readonly #next = new Map<number, Int32Array>(); // [state], by class; −2: not known yet
  #work = 0;

  constructor(of: Machine) {
    super(of.classes);
    this.#of = of;
    this.start = of.start;
  }

  /** Whether no text is taken at all. */
  get isEmpty(): boolean {
    return !this.#isAlive(this.start);
  }

  next(state: number, byteClass: number): number {
    let row = this.#next.get(state);
    if (!row) this.#next.set(state, (row = new Int32Array(this.classes.first.length).fill(-2)));
    if (row[byteClass] !== -2) return row[byteClass]!;
    const next = this.#of.next(state, byteClass);
    return (row[byteClass] = next !== -1 && this.#isAlive(next) ? next : -1);
  }

  accepts(state: number): boolean {
    return this.#of.accepts(state);
  }

  override kind(state: number, reach: number): number | string {
    return this.#of.kind(state, reach);
  }

  /** Breadth first to the nearest state that can end: on the way there all are alive. Where there is none, all that were seen are dead. */
  #isAlive(from: number): boolean {
    const known = this.#alive.get(from);
    if (known !== undefined) return known;
    const cameFrom = new Map<number, number>([[from, -1]]);
    const classes = this.classes.first.length;
    for (const state of cameFrom.keys()) {
      if (this.#alive.get(state) ?? this.#of.canEnd(state)) {
        for (let one = state; one !== -1; one = cameFrom.get(one)!) this.#alive.set(one, true);
        return true;
      }
      if (this.#alive.has(state)) continue;
      spend(classes);
      this.#work += classes;
      if (this.#work > MAX_AUTOMATON_WORK)
        throw new UnsupportedError("limits on one string are too complex together: finding out what they allow takes too long");
      for (let byteClass = 0; byteClass < classes; byteClass++) {
        const next = this.#of.next(state, byteClass);
        if (next !== -1 && !cameFrom.has(next)) cameFrom.set(next, state);
      }
    }
    for (const state of cameFrom.keys()) this.#alive.set(state, false);
    return false;
  }
}
