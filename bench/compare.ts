/** Engines on one file with so many threads, taking turns: A B C A B C …, each in a process of its own. */
import { cellsFor, LONG, speeds, type Cell, type Size } from "./cells.ts";
import { Child } from "./child.ts";
import type { Engine } from "./engines.ts";
import { calm, isDisturbed, watch, type Watched } from "./machine/others.ts";
import type { Ended, Loaded, Run, Setup, Timed } from "./engines/serve.ts";

export interface Result {
  readonly engine: string;
  version?: string;
  instructions?: string;
  readonly loadMs: number[];
  readonly firstTokenMs: number[]; // load, and a prompt of 32
  readonly peakBytes: number[];
  readonly speeds: Record<string, number[]>; // tokens per second by cell
  readonly others: number[]; // cores that others used during each run
  problem?: string;
}

export interface Comparison {
  readonly file: string;
  readonly fileBytes: number;
  readonly threads: number;
  readonly engines: readonly Engine[];
  readonly cells: readonly Cell[];
  readonly size: Size;
  readonly signal: AbortSignal;
  /** Called before each turn of an engine. */
  readonly onTurn: (engine: string, what: string) => void;
  /** Measures the machine, between the turns. */
  readonly onRound: () => Promise<void>;
}

const FIRST: Run = { promptTokens: 32, steps: 0 };
const WARM_UP: Run = { promptTokens: 128, steps: 8 };
const MAX_TRIES = 3;
const REPEATED_SHARE = 0.2;
/** Resident bytes for each of a file's: native llama.cpp repacks weights and keeps the file mapped. */
const RESIDENT = 2.2;

/** Fills the results as they come. */
export async function compare(comparison: Comparison, results: readonly Result[]): Promise<void> {
  const { engines, fileBytes, size, signal } = comparison;
  const together = engines.length * fileBytes * RESIDENT < 0.5 * process.availableMemory();
  // Where they do not fit into memory together, each is started anew for its turn.
  const groups = together ? [engines] : engines.map((engine) => [engine]);
  const visits = size === "quick" ? [3] : together ? [2, 2, 2] : [3, 2];
  const repeater = new Repeater();
  for (const [visit, runs] of visits.entries()) {
    for (const group of groups) {
      const started = new Map<Engine, Child>();
      try {
        for (const engine of group)
          await attempt(engine, async (result) => void started.set(engine, await start(engine, result, comparison)));
        for (let i = 0; i < runs; i++) {
          await comparison.onRound();
          for (const cell of comparison.cells) {
            if (i >= runsOf(cell, runs, visit, together)) continue;
            for (const [engine, child] of started) {
              if (!cellsFor(engine.name, comparison.cells, size, together).includes(cell)) continue;
              await attempt(engine, async (result) => {
                comparison.onTurn(engine.name, cell.name);
                const { value, others } = await repeater.run(child, cell.run, signal);
                (result.speeds[cell.name] ??= []).push(...speeds(value));
                result.others.push(others);
              });
            }
          }
        }
        for (const [engine, child] of started)
          await attempt(engine, async (result) => {
            const { peakBytes } = await child.answer<Ended>("end");
            if (peakBytes !== null) result.peakBytes.push(peakBytes);
          });
      } finally {
        for (const child of started.values()) child.end();
      }
    }
  }

  /** Of a model that is started anew each time, long prompts are not short runs: three of 512, and one that is longer still. */
  function runsOf({ run: { promptTokens } }: Cell, runs: number, visit: number, quick: boolean): number {
    if (promptTokens >= LONG) return quick || visit === 0 ? 1 : 0;
    return promptTokens >= LONG / 2 && !quick ? runs - 1 : runs;
  }

  /** One engine's failure is told in its row and ends nothing else. */
  async function attempt(engine: Engine, work: (result: Result) => Promise<void>): Promise<void> {
    const result = results[engines.indexOf(engine)]!;
    if (result.problem !== undefined) return;
    try {
      await work(result);
    } catch (error) {
      signal.throwIfAborted();
      result.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

/** Repeats runs during which others used the machine, as long as that takes no more than its share of the time. */
class Repeater {
  readonly #start = performance.now();
  #repeatedMs = 0;

  /** The least disturbed try, if none was undisturbed. */
  async run(child: Child, run: Run, signal: AbortSignal): Promise<Watched<Timed>> {
    const once = (): Promise<Watched<Timed>> => watch(child.pid, () => child.answer<Timed>(JSON.stringify(run)));
    let best = await once();
    for (let i = 1; i < MAX_TRIES && isDisturbed(best) && this.#repeatedMs < REPEATED_SHARE * (performance.now() - this.#start); i++) {
      const begin = performance.now();
      await calm(signal);
      const again = await once();
      if (again.others < best.others) best = again;
      this.#repeatedMs += performance.now() - begin;
    }
    return best;
  }
}

async function start({ name, command, setup }: Engine, result: Result, comparison: Comparison): Promise<Child> {
  const { file, threads, cells, signal, onTurn } = comparison;
  onTurn(name, "load");
  const longest = Math.max(...[FIRST, WARM_UP, ...cells.map(({ run }) => run)].map(({ promptTokens, steps }) => promptTokens + steps));
  const given: Setup = { ...setup, file, threads, contextLength: longest + 8 };
  const child = new Child(name, [...command, JSON.stringify(given)], signal);
  try {
    const { version, instructions, loadMs } = await child.answer<Loaded>();
    const { firstMs } = await child.answer<Timed>(JSON.stringify(FIRST));
    Object.assign(result, { version, instructions });
    result.loadMs.push(loadMs);
    result.firstTokenMs.push(loadMs + firstMs);
    if (cells.some(({ run }) => run.promptTokens >= WARM_UP.promptTokens)) await child.answer<Timed>(JSON.stringify(WARM_UP));
    return child;
  } catch (error) {
    child.end();
    throw error;
  }
}
