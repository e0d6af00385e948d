/** Writes a GGUF file of random weights with the exact shapes, types and metadata of a public LFM2 model: nobody needs the weights to measure the cost. */
import { open, rename, rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { fileTypes } from "./synthetic/layout.ts";
import type { FileType } from "./synthetic/layout.ts";
import { synthesize } from "./synthetic/model.ts";
import type { SyntheticModel } from "./synthetic/model.ts";
import { reduce, shapes } from "./synthetic/shapes.ts";
import type { ModelShape } from "./synthetic/shapes.ts";

const help = `Writes a GGUF file of random weights with the shapes, types and tokenizer size of a public LFM2 model.

  npm run synthesize -- MODEL TYPE -o FILE [--layers N] [--experts N] [--seed N]

  MODEL      ${[...shapes.keys()].join(", ")}
  TYPE       ${fileTypes.join(", ").toLowerCase()}
  -o FILE    where to; written under a temporary name and renamed when whole
  --layers   only the first N layers
  --experts  only N experts a layer
  --seed     other weights (default 1); the same seed gives the same file`;

class UsageError extends Error {}

interface Order {
  readonly shape: ModelShape;
  readonly fileType: FileType;
  readonly output: string;
  readonly seed: number;
}

function readOrder(args: string[]): Order | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [model, type, ...rest] = positionals;
  if (model === undefined || type === undefined || rest.length > 0) throw new UsageError("expected a model and a type");
  const shape = shapes.get(
    model
      .toLowerCase()
      .replace(/^lfm2-/, "")
      .replace(/^lfm2\.5-/, "2.5-"),
  );
  if (!shape) throw new UsageError(`there is no model ${model}; there are ${[...shapes.keys()].join(", ")}`);
  const fileType = fileTypes.find((name) => name === type.toUpperCase());
  if (!fileType) throw new UsageError(`there is no type ${type}; there are ${fileTypes.join(", ").toLowerCase()}`);
  if (values.output === undefined) throw new UsageError("expected -o FILE");
  const layers = wholeNumber(values.layers, "--layers");
  const experts = wholeNumber(values.experts, "--experts");
  const reduced = reduce(shape, { ...(layers !== undefined && { layers }), ...(experts !== undefined && { experts }) });
  return { shape: reduced, fileType, output: values.output, seed: wholeNumber(values.seed, "--seed") ?? 1 };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        layers: { type: "string" },
        experts: { type: "string" },
        seed: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(firstLine(error));
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

function wholeNumber(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${flag} is ${text}, expected a whole number from 1`);
  return Number(text);
}

/** Streams the model to `path`, by way of a temporary file beside it that is removed unless all went well. */
async function writeModel(model: SyntheticModel, path: string, signal: AbortSignal, onProgress: (written: number) => void): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  const file = await open(temporary, "wx");
  let whole = false;
  try {
    let written = 0;
    for (const chunk of model.chunks()) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      onProgress((written += chunk.length));
    }
    await file.close();
    await rename(temporary, path);
    whole = true;
  } finally {
    if (!whole) {
      await file.close().catch(() => {}); // closed already where only the rename failed
      await rm(temporary, { force: true });
    }
  }
}

function progressLine(total: number): (written: number) => void {
  let shown = -1;
  return (written) => {
    const percent = Math.floor((100 * written) / total);
    if (percent === shown || !process.stderr.isTTY) return;
    shown = percent;
    process.stderr.write(`\r${percent} %`);
  };
}

/** Exit codes: 0, 1 (failed), 2 (bad usage), 130 (Ctrl-C). */
async function main(args: string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => interrupted.abort());
  try {
    const order = readOrder(args);
    if (!order) {
      process.stdout.write(`${help}\n`);
      return 0;
    }
    const start = performance.now();
    const model = synthesize(order.shape, order.fileType, order.seed);
    await writeModel(model, order.output, interrupted.signal, progressLine(model.bytes));
    const seconds = (performance.now() - start) / 1000;
    process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}${order.output}: ${model.bytes} bytes in ${seconds.toFixed(1)} s\n`);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    const usage = error instanceof UsageError;
    process.stderr.write(usage ? `${error.message}; see --help\n` : `Cannot write the file: ${firstLine(error)}\n`);
    return usage ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
