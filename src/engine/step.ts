/**
 * What the threads of a team are told to do, in i32 words in home:
 *
 *     kind │ forward: nRows, nRuns, tokens [nRows], positions [nRows], then of each run row, position, count, convStates, nPages, pages …
 *          │ logits: nRows, rows …
 */
import type { Bank, BankPlan } from "../wasm/bank.ts";
import { LOGIT_ROWS, MAX_ROWS } from "./buffers.ts";
import type { Batch, Core, Run } from "./core.ts";
import { forward, logitsOf } from "./forward.ts";
import { PAGE_POSITIONS } from "./kv-cache.ts";
import { GivenUp } from "./team.ts";

export type StepPlace = number; // offset in home

const KIND = { forward: 1, logits: 2, end: 3 } as const;

export function planStep(plan: BankPlan, contextLength: number, maxSequences: number): StepPlace {
  const runWords = 5 + Math.ceil(contextLength / PAGE_POSITIONS);
  return plan.allocate(4 * (3 + Math.max(2 * MAX_ROWS, LOGIT_ROWS) + Math.min(MAX_ROWS, maxSequences) * runWords), "home").offset;
}

/** The leader's side: writes what is to be done, and starts it. Of what it does alone, nothing is written. */
export class StepWriter {
  readonly #core: Core;
  readonly #place: StepPlace;
  readonly #aloneRows: number;

  /** aloneRows: of a forward pass, that are too few to be shared. */
  constructor(core: Core, place: StepPlace, aloneRows: number) {
    this.#core = core;
    this.#place = place;
    this.#aloneRows = aloneRows;
  }

  forward(batch: Batch): void {
    const { tokens, positions, runs } = batch;
    this.#core.team.alone = tokens.length <= this.#aloneRows;
    this.#begin(KIND.forward, (words) => {
      words.push(tokens.length, runs.length, ...tokens, ...positions);
      for (const { sequence, row, position, count } of runs)
        words.push(row, position, count, sequence.convStates, sequence.pages.length, ...sequence.pages);
    });
  }

  /** Of the last forward pass: by the threads that have its hidden states. */
  logits(rows: readonly number[]): void {
    this.#begin(KIND.logits, (words) => words.push(rows.length, ...rows));
  }

  /** The others return from `follow`. */
  end(): void {
    this.#core.team.alone = false;
    this.#begin(KIND.end);
  }

  #begin(kind: number, describe?: (words: number[]) => void): void {
    const { team, banks } = this.#core;
    if (!team.together) return;
    const words = [kind];
    describe?.(words);
    banks[0]!.i32.set(words, this.#place / 4);
    team.begin();
  }
}

/** What a thread that is not the leader does all its life. @throws {TeamError} Another thread ended. */
export function follow(core: Core, place: StepPlace): void {
  const { team, banks } = core;
  for (;;) {
    team.next();
    switch (banks[0]!.i32[place / 4]) {
      case KIND.forward:
        runThrough(forward(core, readBatch(banks[0]!, place / 4 + 1)));
        break;
      case KIND.logits:
        logitsOf(core, readRows(banks[0]!, place / 4 + 1));
        break;
      case KIND.end:
        return;
      default:
        throw new Error("an unknown step was begun");
    }
  }
}

/** Only the leader looks at a pass's pauses. */
function runThrough(pass: Iterator<unknown>): void {
  try {
    while (!pass.next().done);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
  }
}

function readRows({ i32 }: Bank, at: number): number[] {
  return [...i32.subarray(at + 1, at + 1 + i32[at]!)];
}

function readBatch({ i32 }: Bank, at: number): Batch {
  const take = (n: number): Int32Array => {
    const words = i32.slice(at, at + n);
    at += n;
    return words;
  };
  const [nRows = 0, nRuns = 0] = take(2);
  const [tokens, positions] = [take(nRows), take(nRows)];
  const runs = Array.from({ length: nRuns }, (): Run => {
    const [row = 0, position = 0, count = 0, convStates = 0, nPages = 0] = take(5);
    return { row, position, count, sequence: { convStates, pages: [...take(nPages)] } };
  });
  return { tokens, positions, runs };
}
