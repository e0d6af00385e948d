/** Rates counted in this process, by the generic cell rate algorithm: of each client one time is kept, that at which all it took is refilled. */
import type { LimitStore, Taken } from "../../src/index.ts";

const MINUTE = 60_000; // ms; as much as this refills may be taken at once
export const MAX_CLIENTS = 10_000;

export class MemoryStore implements LimitStore {
  readonly #fullAt = new Map<string, number>(); // the client seen longest ago first
  readonly #clock: () => number;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#fullAt.size;
  }

  take(key: string, cost: number, perMinute: number, force = false): Taken {
    const now = this.#clock();
    const unit = MINUTE / perMinute; // ms that one takes to refill
    const before = Math.max(now, this.#fullAt.get(key) ?? now);
    const after = Math.max(now, before + cost * unit);
    const allowed = force || after - now <= MINUTE + ROUNDING;
    const fullAt = allowed ? after : before;
    this.#keep(key, fullAt, now);
    return {
      allowed,
      remaining: Math.max(0, Math.floor((now + MINUTE - fullAt + ROUNDING) / unit)),
      resetAfter: fullAt - now,
      retryAfter: allowed ? 0 : after - now - MINUTE,
    };
  }

  /** Who has all of its allowance need not be known; when too many are, who was not seen for longest is forgotten. */
  #keep(key: string, fullAt: number, now: number): void {
    this.#fullAt.delete(key);
    if (fullAt > now) this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size <= MAX_CLIENTS) return;
    const [oldest] = this.#fullAt.keys();
    this.#fullAt.delete(oldest!);
  }
}

const ROUNDING = 1e-6; // ms; a third of a minute three times is a minute
