/** Who has its turn with a model: as many at once as it holds sequences, others wait; clients take turns, whoever asks more. */

export interface QueueOptions {
  readonly capacity: number; // sequences
  readonly maxWaiting: number;
  readonly clock?: () => number; // ms
}

export interface Entrance {
  readonly client: string;
  readonly sequences: number; // wanted; more than there are count as all
  readonly maxConcurrent?: number | undefined; // sequences of this client's at once
  readonly timeout: number; // ms
  readonly signal: AbortSignal;
}

export interface Place {
  readonly waited: number; // ms
  /** Once or more. */
  release(): void;
}

/** The queue is full, or the wait was too long; or `close` was called. */
export class QueueError extends Error {
  override readonly name = "QueueError";
  readonly why: "full" | "timeout" | "closed";
  constructor(why: "full" | "timeout" | "closed") {
    super(`the queue: ${why}`);
    this.why = why;
  }
}

interface Waiter {
  readonly entrance: Entrance;
  readonly sequences: number;
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

export class FairQueue {
  readonly #capacity: number;
  readonly #maxWaiting: number;
  readonly #clock: () => number;
  readonly #waiting = new Map<string, Waiter[]>(); // by client, the one whose turn is next first; no list is empty
  readonly #held = new Map<string, number>(); // sequences, by client
  #running = 0; // entrances
  #free: number;
  #nWaiting = 0;
  #closed = false;

  constructor({ capacity, maxWaiting, clock = () => performance.now() }: QueueOptions) {
    this.#capacity = capacity;
    this.#maxWaiting = maxWaiting;
    this.#clock = clock;
    this.#free = capacity;
  }

  get waiting(): number {
    return this.#nWaiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves when it is this one's turn. @throws {QueueError} Or the signal's reason. */
  enter(entrance: Entrance): Promise<Place> {
    const { client, signal, timeout } = entrance;
    const sequences = Math.min(Math.max(entrance.sequences, 1), this.#capacity);
    const came = this.#clock();
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#closed) throw new QueueError("closed");
      const onAbort = (): void => this.#drop(waiter, signal.reason);
      const done = (): void => {
        clearTimeout(late);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        entrance,
        sequences,
        enter: () => {
          done();
          resolve({ waited: this.#clock() - came, release: this.#occupy(client, sequences) });
        },
        refuse: (reason) => {
          done();
          reject(reason);
        },
      };
      const late = setTimeout(() => this.#drop(waiter, new QueueError("timeout")), timeout);
      signal.addEventListener("abort", onAbort);
      this.#add(waiter);
      this.#serve();
      if (this.#nWaiting > this.#maxWaiting) this.#makeRoom();
    });
  }

  /** Who waits and who comes is refused; who is in stays. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiting.values()].flat()) this.#drop(waiter, new QueueError("closed"));
  }

  #occupy(client: string, sequences: number): () => void {
    this.#free -= sequences;
    this.#running++;
    this.#held.set(client, (this.#held.get(client) ?? 0) + sequences);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += sequences;
      this.#running--;
      const left = this.#held.get(client)! - sequences;
      if (left > 0) this.#held.set(client, left);
      else this.#held.delete(client);
      this.#serve();
    };
  }

  /** The next of each client in turn. One that wants more than is free is waited for, or it would wait for ever. */
  #serve(): void {
    for (;;) {
      const next = this.#next();
      if (!next || next.sequences > this.#free) return;
      const { client } = next.entrance;
      this.#remove(next);
      const rest = this.#waiting.get(client);
      if (rest) {
        this.#waiting.delete(client); // behind the others
        this.#waiting.set(client, rest);
      }
      next.enter();
    }
  }

  #next(): Waiter | undefined {
    for (const [client, [first]] of this.#waiting) {
      const { sequences, entrance } = first!;
      const held = this.#held.get(client) ?? 0;
      // Who wants more than it may have at once has them alone.
      if (held === 0 || held + sequences <= (entrance.maxConcurrent ?? Number.POSITIVE_INFINITY)) return first;
    }
    return undefined;
  }

  /** The newest of the client that has most waiting has to go: who asks much cannot keep the others out. */
  #makeRoom(): void {
    let longest: Waiter[] = [];
    for (const list of this.#waiting.values()) if (list.length >= longest.length) longest = list;
    this.#drop(longest.at(-1)!, new QueueError("full"));
  }

  #add(waiter: Waiter): void {
    const { client } = waiter.entrance;
    const list = this.#waiting.get(client);
    if (list) list.push(waiter);
    else this.#waiting.set(client, [waiter]);
    this.#nWaiting++;
  }

  #remove(waiter: Waiter): boolean {
    const { client } = waiter.entrance;
    const list = this.#waiting.get(client) ?? [];
    const at = list.indexOf(waiter);
    if (at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) this.#waiting.delete(client);
    this.#nWaiting--;
    return true;
  }

  #drop(waiter: Waiter, reason: unknown): void {
    if (!this.#remove(waiter)) return;
    waiter.refuse(reason);
    this.#serve(); // the one behind may want less
  }
}
