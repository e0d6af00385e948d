/** A queue between those who produce the parts of a stream and the one who reads it. */

/** Parts that may wait unread before producers are held back. */
const HIGH_WATER = 64;

export class Channel<T> {
  readonly #parts: T[] = [];
  #closed = false;
  #bounded = true;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** Resolves when there is room for more. After close, parts are dropped. */
  async push(part: T): Promise<void> {
    if (this.#closed) return;
    this.#parts.push(part);
    this.#wakeReader?.();
    if (this.#bounded && this.#parts.length >= HIGH_WATER) await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
  }

  /** From now on nobody waits for the reader: what is still to come are a few last parts. */
  unbound(): void {
    this.#bounded = false;
    this.#releaseWriters();
  }

  close(): void {
    this.#closed = true;
    this.#wakeReader?.();
    this.#releaseWriters();
  }

  /** The parts in order, until the channel is closed and empty. For one reader. */
  async *read(): AsyncGenerator<T, void, void> {
    for (;;) {
      while (this.#parts.length > 0) {
        const part = this.#parts.shift()!;
        if (this.#parts.length < HIGH_WATER / 2) this.#releaseWriters();
        yield part;
      }
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }

  #releaseWriters(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}
