/**
 * What one rendering may use. A template comes from a file and runs synchronously in the caller's thread, so the limits count work,
 * not time: the same template fails at the same place everywhere, also where the clock stands still during a computation (workerd).
 */

/** Evaluated nodes, list items and, at 1024 characters each, text: a second or two at most. A prompt of 1000 messages takes a twentieth. */
export const MAX_STEPS = 1_000_000;
/** Nested evaluations; the library takes some four stack frames for each. */
export const MAX_DEPTH = 400;
/** UTF-16 units of any text that a template makes, the prompt included. */
export const MAX_TEXT_LENGTH = 8 * 2 ** 20;
/** Items of any list, `range` included: more than messages fit a context. */
export const MAX_LIST_LENGTH = 20_000;
/** What an object of the library's takes in memory and time; for a loop it makes a scope for every item before it runs the body. */
const OBJECT_STEPS = 9;

export class Budget {
  #steps = 0;
  #depth = 0;

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new Error(`it takes more than ${MAX_STEPS} steps`);
  }

  nested<T>(run: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
    try {
      return run();
    } finally {
      this.#depth--; // {% break %} and {% continue %} are exceptions too
    }
  }

  text(length: number): void {
    if (length > MAX_TEXT_LENGTH) throw new Error(`it makes a text of more than ${MAX_TEXT_LENGTH} characters`);
    this.spend(length >> 10);
  }

  list(length: number): void {
    if (length > MAX_LIST_LENGTH) throw new Error(`it makes a list of more than ${MAX_LIST_LENGTH} items`);
    this.spend(length);
  }

  objects(count: number): void {
    this.spend(OBJECT_STEPS * count);
  }

  /** Joins, after looking at the length of what would come out. */
  join(parts: readonly string[], separator: string): string {
    let length = separator.length * Math.max(0, parts.length - 1);
    for (const part of parts) length += part.length;
    this.text(length);
    return parts.join(separator);
  }
}
