/** Several prompts of one request: their tokens are taken together, before any is computed, and counted when all have ended. */
import type { Settle } from "./limits/rates.ts";

export class Batch {
  readonly #prompts: readonly unknown[];
  #charged: Promise<Settle> | undefined;
  #actual = 0;

  constructor(prompts: readonly unknown[]) {
    this.#prompts = prompts;
  }

  /** The first call takes for all; each returns where the tokens of one prompt are told. @throws What `take` does. */
  async charge(take: (prompts: readonly unknown[]) => Promise<Settle>): Promise<Settle> {
    this.#charged ??= take(this.#prompts);
    await this.#charged;
    return (actual) => {
      this.#actual += actual;
      return Promise.resolve();
    };
  }

  /** Tells what all prompts took. */
  settle(): void {
    const refused = (): void => undefined; // that was told
    this.#charged?.then((settle) => void settle(this.#actual).catch(console.error), refused);
  }
}
