/** What making one grammar may cost, all its automata together: a request is answered, or refused, before others have to wait for it. */
import { UnsupportedError } from "../errors.ts";
import { MAX_GRAMMAR_WORK } from "./limits.ts";

let left = Number.POSITIVE_INFINITY; // while no grammar is being made: what is found out later, token by token, has limits of its own

/** Makes a grammar within the budget. @throws {UnsupportedError} It takes longer. */
export function withinBudget<T>(make: () => T): T {
  const outer = left;
  left = MAX_GRAMMAR_WORK;
  try {
    return make();
  } finally {
    left = outer;
  }
}

/** @throws {UnsupportedError} The budget is spent. */
export function spend(steps: number): void {
  left -= steps;
  if (left < 0)
    throw new UnsupportedError("its patterns, enums and limits are too complex together: finding out what they allow takes too long");
}
