/**
 * Threads that compute together: all run the same program over the same banks, each on its share of outputs or heads, and meet at
 * barriers. A team of one needs neither threads nor barriers.
 *
 * What they share lies in home, i32 words, each on a cache line of its own:
 *
 *     0 arrived at the barrier │ 64 its generation │ 128 step │ 192 poison │ 256 the barrier at which a step is given up, 260 its high half
 *     320 work that was claimed
 */
import type { Bank } from "../wasm/bank.ts";

export const TEAM_BYTES = 384;

/** Loads of a spinning thread before it sleeps: some 30 µs, a barrier's usual wait. */
const SPINS = 20_000;

/** A thread of the team ended or failed; what was being computed is lost. */
export class TeamError extends Error {
  override readonly name = "TeamError";
}

/** The leader gave the step up. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
}

export class Team {
  readonly index: number; // 0 leads
  readonly size: number;
  /** For the leader: it computes what comes without the others. */
  alone = false;
  readonly #home: Bank;
  readonly #words: number; // offset in home
  #step = 0; // as resetTeam leaves it: a step may have begun before this thread is here
  #barriers: number; // passed; all threads count the same, and soon further than to 2³²

  /** home and words: where the shared words are; barriers: that all have passed. */
  constructor(index: number, size: number, home: Bank, words: number, barriers = 0) {
    this.index = index;
    this.size = size;
    this.#home = home;
    this.#words = words;
    this.#barriers = barriers;
  }

  /** Others take part. */
  get together(): boolean {
    return this.size > 1 && !this.alone;
  }

  /** This thread's part [from, to) of `count`, in whole units. */
  share(count: number, unit = 1): [from: number, to: number] {
    const units = Math.ceil(count / unit);
    const size = this.together ? this.size : 1;
    return [Math.floor((units * this.index) / size) * unit, Math.min(count, Math.floor((units * (this.index + 1)) / size) * unit)];
  }

  /** What each wrote before, all may read after. @throws {TeamError | GivenUp} */
  barrier(): void {
    if (!this.together) return;
    this.#home.kernels.barrier(this.#words, this.size, SPINS);
    this.#barriers++;
    this.#checkPoison();
    // By its number: the leader may be on its way to the next one already.
    if (this.index > 0 && this.#word(256) === low(this.#barriers) && this.#word(260) === high(this.#barriers)) throw new GivenUp();
  }

  /** For the leader: starts a step, whose description lies in home by now. */
  begin(): void {
    if (!this.together) return;
    const at = (this.#words + 128) / 4;
    this.#step = Atomics.add(this.#home.i32, at, 1) + 1;
    Atomics.notify(this.#home.i32, at);
  }

  /** For the others: sleeps until the next step. @throws {TeamError} */
  next(): void {
    if (this.size === 1) return;
    this.#home.kernels.waitWhile(this.#words + 128, this.#step, SPINS);
    this.#step++;
    this.#checkPoison();
  }

  /** For the leader: gives the step up, and meets the others at the barrier they are going to. @throws {TeamError} */
  giveUp(): void {
    if (!this.together) return;
    const at = (this.#words + 256) / 4;
    Atomics.store(this.#home.i32, at, low(this.#barriers + 1));
    Atomics.store(this.#home.i32, at + 1, high(this.#barriers + 1));
    this.barrier();
  }

  /** The next piece of work that no thread has taken, from 0 up. */
  claim(): number {
    return Atomics.add(this.#home.i32, (this.#words + 320) / 4, 1);
  }

  #checkPoison(): void {
    if (this.#word(192) !== 0) throw new TeamError("a thread of the model ended");
  }

  #word(offset: number): number {
    return Atomics.load(this.#home.i32, (this.#words + offset) / 4);
  }
}

const low = (count: number): number => count | 0;
const high = (count: number): number => Math.floor(count / 2 ** 32);

/** For whoever starts the threads: as if nothing had ever been waited for. */
export function resetTeam(i32: Int32Array<SharedArrayBuffer>, words: number): void {
  i32.fill(0, words / 4, (words + TEAM_BYTES) / 4);
}

/** Frees whoever waits, now and later: all throw TeamError. For a watcher that sees a thread end. */
export function poison(i32: Int32Array<SharedArrayBuffer>, words: number): void {
  Atomics.store(i32, (words + 192) / 4, 1);
  for (const offset of [64, 128]) {
    Atomics.add(i32, (words + offset) / 4, 1 << 20);
    Atomics.notify(i32, (words + offset) / 4);
  }
}
