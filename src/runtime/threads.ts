/** What threads and V8's flags are to the rest, whatever runtime they come from. */

/** A thread that this one started. */
export interface Thread {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, also if it has ended already: with the error that ended it, or none. */
  onEnd(listener: (error: Error | undefined) => void): void;
  /** Whether the process waits for it. */
  hold(held: boolean): void;
  /** Ends it where it stands. */
  stop(): Promise<void>;
}

/** The thread that started this one. */
export interface Parent {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** No more messages are waited for: the thread may end. */
  leave(): void;
}

export interface Threads {
  /** How many to compute with, if nobody says. */
  readonly count: number;
  /** Runs a module in a new thread. */
  start(module: URL): Thread;
}

/** V8's pairing of vectors, where there is one. */
export interface VectorPairing {
  /** What is compiled and first called until `end` is paired. */
  begin(): void;
  /** keep: what is compiled later in this process is paired too. */
  end(keep: boolean): void;
}
