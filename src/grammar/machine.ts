/** Deterministic automata over bytes. States are numbers, made as they are needed; −1 is none. */

/** Bytes that an automaton never tells apart have one class. */
export interface ByteClasses {
  readonly of: Uint8Array; // [256], the class of a byte
  readonly first: Uint8Array; // a byte of each class
}

let machines = 0;

/** Whoever reaches a state can reach an accepting one: no automaton that a grammar is made of leads into a dead end. */
export abstract class Machine {
  readonly id = machines++;
  readonly classes: ByteClasses;
  abstract readonly start: number;
  readonly #open = new Map<number, boolean>();

  constructor(classes: ByteClasses) {
    this.classes = classes;
  }

  /** The state after a byte of the class, −1 where none may stand. */
  abstract next(state: number, byteClass: number): number;
  abstract accepts(state: number): boolean;

  /** Whether some text from here on is taken, as far as that is known without a search for it. */
  canEnd(state: number): boolean {
    return this.accepts(state);
  }

  /**
   * Equal for states of one kind. After any text of up to `reach` bytes, both take it or neither does, are complete or not, and can still
   * become complete or not: the same tokens may follow.
   */
  kind(state: number, _reach: number): number | string {
    return state;
  }

  /** Whether anything can follow. */
  open(state: number): boolean {
    let open = this.#open.get(state);
    if (open === undefined) {
      open = this.classes.first.some((_, byteClass) => this.next(state, byteClass) !== -1);
      this.#open.set(state, open);
    }
    return open;
  }
}

/** Classes from what tells bytes apart: equal keys, one class. */
export function classify(key: (byte: number) => number): ByteClasses {
  const known = new Map<number, number>();
  const of = new Uint8Array(256);
  const first: number[] = [];
  let [last, lastClass] = [Number.NaN, 0];
  for (let byte = 0; byte < 256; byte++) {
    const one = key(byte);
    if (one !== last) {
      last = one;
      lastClass = known.get(one) ?? first.push(byte) - 1;
      known.set(one, lastClass);
    }
    of[byte] = lastClass;
  }
  return { of, first: Uint8Array.from(first) };
}

/** The coarsest classes that are as fine as all of these. */
export const refine = (all: readonly ByteClasses[]): ByteClasses =>
  all.reduce((classes, { of }) => classify((byte) => classes.of[byte]! * 256 + of[byte]!));

/** Whether a machine takes the bytes, whole. */
export function matches(machine: Machine, bytes: Uint8Array): boolean {
  let state = machine.start;
  for (const byte of bytes) {
    state = machine.next(state, machine.classes.of[byte]!);
    if (state === -1) return false;
  }
  return machine.accepts(state);
}

const encoder = new TextEncoder();

/** One of some texts. At least one. */
export class Literals extends Machine {
  readonly start = 0;
  readonly #next = new Map<number, number>(); // state · 256 + class → state
  readonly #ends = new Set<number>();

  constructor(texts: readonly string[]) {
    const all = texts.map((text) => encoder.encode(text));
    const bytes = new Set(all.flatMap((one) => [...one]));
    super(classify((byte) => (bytes.has(byte) ? byte : -1)));
    let states = 1;
    for (const one of all) {
      let state = 0;
      for (const byte of one) {
        const key = state * 256 + this.classes.of[byte]!;
        let next = this.#next.get(key);
        if (next === undefined) this.#next.set(key, (next = states++));
        state = next;
      }
      this.#ends.add(state);
    }
  }

  next(state: number, byteClass: number): number {
    return this.#next.get(state * 256 + byteClass) ?? -1;
  }

  accepts(state: number): boolean {
    return this.#ends.has(state);
  }
}
