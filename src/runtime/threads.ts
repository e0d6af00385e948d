/** What threads are to the rest, whatever runtime they come from. */

/** A thread that this one started. */
export interface Thread {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once: with the error that ended it, or none. */
  onEnd(listener: (error: Error | undefined) => void): void;
  /** Whether the process waits for it. */
  hold(held: boolean): void;
  /** Ends it where it stands. */
  stop(): Promise<void>;
}

/** The thread that started this one. */
export interface Parent {
  readonly data: unknown;
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** No more messages are waited for: the thread may end. */
  leave(): void;
}

export interface Threads {
  /** How many to compute with, if nobody says. */
  readonly count: number;
  /** Runs a module in a new thread. */
  start(module: URL, data: unknown): Thread;
}
