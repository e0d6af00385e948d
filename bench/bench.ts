/** `npm run bench`: this engine and its peers on the same files in the same run, taking turns; one table and one JSON. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cellsOf, type Size } from "./cells.ts";
import { Child } from "./child.ts";
import { compare, type Result } from "./compare.ts";
import { engines as allEngines } from "./engines.ts";
import { copyMs, describeMachine, startReader } from "./machine.ts";
import { defaultModels, factsOf, findModel, models, writer, type BenchModel } from "./models.ts";
import { tableOf, type Section } from "./table.ts";

const help = `Measures lfm-edge beside its peers, on files of random weights in the real shapes (bench/models/, written when missing).

  npm run bench -- [--model NAME] [--threads 1,2] [--engines paired,llama.cpp] [--cells …] [--quick | --full] [-o FILE]

  --model    ${models.map(({ name }) => name).join(", ")}, "all", or a GGUF file of your own; may be given
             more than once (default: ${defaultModels.join(", ")}: about 14 minutes)
  --threads  default: 1 and all cores
  --engines  only these: ${allEngines.map(({ name }) => name).join(", ")}
  --cells    only these columns, as "prefill 512,decode @0"
  --quick    a prompt of 128 and decode at position 0; three runs
  --full     long prompts and positions too, all engines
  -o FILE    the results as JSON, written at each step (default bench/results.json)

Peers are installed in bench/ when they are missing. Ctrl-C ends it; what was measured is kept.`;

interface Order {
  readonly models: readonly BenchModel[];
  readonly threads: readonly number[];
  readonly engines: readonly string[] | undefined;
  readonly cells: readonly string[] | undefined;
  readonly size: Size;
  readonly output: string;
}

function readOrder(): Order | undefined {
  const { values } = parseArgs({
    options: {
      model: { type: "string", multiple: true, default: defaultModels },
      threads: { type: "string" },
      engines: { type: "string" },
      cells: { type: "string" },
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      output: { type: "string", short: "o", default: fileURLToPath(new URL("results.json", import.meta.url)) },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const threads = values.threads?.split(",").map((text) => {
    if (!/^[1-9]\d{0,2}$/.test(text)) throw new RangeError(`--threads is ${values.threads}, expected numbers such as 1,2`);
    return Number(text);
  });
  const engines = values.engines?.split(",");
  const unknown = engines?.find((name) => allEngines.every((engine) => engine.name !== name));
  if (unknown !== undefined)
    throw new RangeError(`there is no engine ${unknown}; there are ${allEngines.map(({ name }) => name).join(", ")}`);
  return {
    models: values.model.flatMap((name) => (name === "all" ? models : [findModel(name)])),
    threads: threads ?? [...new Set([1, availableParallelism()])],
    engines,
    cells: values.cells?.split(","),
    size: values.quick ? "quick" : values.full ? "full" : "default",
    output: resolve(values.output),
  };
}

async function run(order: Order, signal: AbortSignal): Promise<void> {
  await installPeers(signal);
  const report = { machine: describeMachine(), size: order.size, seconds: 0, sections: [] as Section[] };
  const start = performance.now();
  const elapsed = (): number => Math.round((performance.now() - start) / 1000);
  const keep = (): void => {
    report.seconds = elapsed();
    mkdirSync(dirname(order.output), { recursive: true });
    writeFileSync(`${order.output}.partial`, `${JSON.stringify(report, undefined, 1)}\n`);
    renameSync(`${order.output}.partial`, order.output);
  };
  const { date, commit, cpu, instructions, cores, node } = report.machine;
  console.log(`${date}, commit ${commit}; ${cpu} (${instructions.join(" ")}), ${cores} cores; Node ${node}\n`);
  for (const model of order.models) {
    const write = writer(model);
    if (write) {
      progress(elapsed(), `writing ${model.name}`);
      await finish(new Child(model.name, write, signal));
    }
    const { bytes, bytesPerToken } = await factsOf(model.path);
    const cells = order.cells
      ? cellsOf("full", false).filter(({ name }) => order.cells?.includes(name))
      : cellsOf(order.size, model.small ?? false);
    if (cells.length === 0)
      throw new RangeError(`there is nothing to measure: no column of ${model.name} is called ${order.cells?.join(" or ")}`);
    const asked = allEngines.filter(({ name }) => (order.engines ?? model.engines).includes(name));
    for (const [i, threads] of (model.small ? order.threads.slice(0, 1) : order.threads).entries()) {
      const chosen = order.engines || order.size === "full" || i === 0 ? asked : asked.filter(({ once }) => !once);
      const title = `${model.name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
      progress(elapsed(), `${title}: memory`);
      const results = chosen.map(
        ({ name, missing }): Result => ({
          engine: name,
          loadMs: [],
          firstTokenMs: [],
          peakBytes: [],
          speeds: {},
          others: [],
          ...(missing !== undefined && { problem: missing }),
        }),
      );
      const section: Section = {
        model: model.name,
        threads,
        fileBytes: bytes,
        bytesPerToken,
        copyMs: await copyMs(model.path, threads, signal),
        readBytesPerSecond: [],
        results,
      };
      report.sections.push(section);
      const reader = await startReader(threads, signal);
      try {
        const comparison = {
          file: model.path,
          fileBytes: bytes,
          threads,
          engines: chosen,
          cells,
          size: order.size,
          signal,
          onTurn(engine: string, what: string) {
            keep();
            progress(elapsed(), `${title}: ${engine}, ${what}`);
          },
          async onRound() {
            section.readBytesPerSecond.push(await reader.answer<number>("read"));
          },
        };
        await compare(comparison, results);
      } finally {
        reader.end();
        keep();
        clearProgress();
        console.log(`${tableOf(section, cells)}\n`);
      }
    }
  }
  console.log(`in ${elapsed()} s; ${order.output}`);
}

async function installPeers(signal: AbortSignal): Promise<void> {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  if (existsSync(`${folder}node_modules`)) return;
  process.stderr.write("installing the peers in bench/\n");
  await finish(new Child("npm ci", ["npm", "ci", "--prefix", folder, "--no-audit", "--no-fund"], signal));
}

/** Until it ends, with 0. */
async function finish(child: Child): Promise<void> {
  try {
    await child.ended();
  } finally {
    child.end();
  }
}

let lastShown = "";

/** One line that changes, or where nobody watches one for each model. */
function progress(seconds: number, text: string): void {
  const title = text.split(":")[0]!;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${seconds} s  ${text}`);
  else if (title !== lastShown) process.stderr.write(`${seconds} s  ${title}\n`);
  lastShown = title;
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
}

/** Exit codes: 0, 1 (failed), 2 (bad usage), 130 (Ctrl-C). */
async function main(): Promise<number> {
  let order: Order | undefined;
  try {
    order = readOrder();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message.split("\n")[0] : String(error)}; see --help\n`);
    return 2;
  }
  if (!order) {
    console.log(help);
    return 0;
  }
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());
  try {
    await run(order, interrupted.signal);
    return 0;
  } catch (error) {
    clearProgress();
    if (interrupted.signal.aborted) process.stderr.write(`interrupted; what was measured is in ${order.output}\n`);
    else process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return interrupted.signal.aborted ? 130 : 1;
  }
}

process.exitCode = await main();
