/**
 * This engine and native llama.cpp on the same file in the same run, taking turns, each time in a process of its own: medians, side by side.
 * The peer is installed by `npm ci --prefix bench`.
 */
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { Measured, Order } from "./compare/measure.ts";

const help = `Measures lfm-edge beside native llama.cpp.

  npm run bench:compare -- [FILE] [--prompt 128] [--tokens 32] [--rounds 3] [--threads 1] [--only lfm-edge]

  FILE       a GGUF file (default bench/models/8b-a1b-Q4_0.gguf)
  --prompt   prompt lengths, as 128,512
  --tokens   tokens decoded behind each prompt
  --rounds   how often each engine has its turn; medians are printed
  --only     some of the engines: lfm-edge, unpaired (without V8's pairing of vectors), llama-cpp`;

const engines: Readonly<Record<string, { script: string; paired: boolean }>> = {
  "lfm-edge": { script: "lfm-edge", paired: true },
  unpaired: { script: "lfm-edge", paired: false },
  "llama-cpp": { script: "llama-cpp", paired: false },
};
const PEER = "llama-cpp"; // ratios are to this one
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: "string", default: "128" },
    tokens: { type: "string", default: "32" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    only: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help) console.log(help);
else
  await compare().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });

function whole(text: string, flag: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new RangeError(`${flag} is ${text}, expected a whole number from 1`);
  return Number(text);
}

async function compare(): Promise<void> {
  const file = positionals[0] === undefined ? fileURLToPath(new URL("models/8b-a1b-Q4_0.gguf", import.meta.url)) : resolve(positionals[0]);
  if (!existsSync(file)) throw new Error(`there is no ${file}; write one with: npm run synthesize -- 8b-a1b q4_0 -o FILE`);
  const order: Omit<Order, "paired"> = {
    file,
    promptTokens: values.prompt.split(",").map((text) => whole(text, "--prompt")),
    decodeTokens: whole(values.tokens, "--tokens"),
    threads: whole(values.threads, "--threads"),
  };
  const chosen = Object.keys(engines).filter((name) => values.only === undefined || values.only.split(",").includes(name));
  const rounds = whole(values.rounds, "--rounds");

  const turns = new Map<string, Measured[]>(chosen.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const name of chosen) turns.get(name)?.push(await takeTurn(name, order));

  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  const results = chosen.map((name) => ({ name, ...summary(turns.get(name) ?? []) }));
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}, ${order.threads} thread(s)`);
  console.log(
    `${basename(file)}, ${(statSync(file).size / 2 ** 30).toFixed(2)} GiB; decode of ${order.decodeTokens}; medians of ${rounds}, in turns\n`,
  );
  for (const promptTokens of order.promptTokens) {
    console.log(
      `${"".padEnd(12)}${`prefill(${promptTokens})`.padStart(20)}${"decode".padStart(20)}${"load".padStart(10)}${"peak".padStart(12)}`,
    );
    for (const { name, speeds, loadSeconds, peakBytes } of results) {
      const speed = speeds.find((s) => s.promptTokens === promptTokens);
      const peer = results.find((result) => result.name === PEER)?.speeds.find((s) => s.promptTokens === promptTokens);
      const rate = (tokens = 0, its: number | undefined): string =>
        `${tokens.toFixed(1)} tok/s${its === undefined ? "" : ` ${(tokens / its).toFixed(2)} ×`}`.padStart(20);
      const peak = peakBytes === null ? "" : `${(peakBytes / 2 ** 30).toFixed(2)} GiB`;
      console.log(
        `${name.padEnd(12)}${rate(speed?.prefill, peer?.prefill)}${rate(speed?.decode, peer?.decode)}${`${loadSeconds.toFixed(1)} s`.padStart(10)}${peak.padStart(12)}`,
      );
    }
    console.log("");
  }
  for (const { name, version, instructions } of results) console.log(`${name} ${version}: ${instructions}`);
  console.log(JSON.stringify({ date: new Date().toISOString(), machine, ...order, file: basename(file), rounds, results }));
}

async function takeTurn(name: string, given: Omit<Order, "paired">): Promise<Measured> {
  const { script: file, paired } = engines[name]!;
  const order: Order = { ...given, paired };
  const script = fileURLToPath(new URL(`compare/${file}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", script, JSON.stringify(order)]).catch(
    ({ stderr, message }: { stderr?: string; message: string }) => {
      const line = (stderr ?? message).split("\n").find((text) => /Error: /.test(text));
      throw new Error(`${name}: ${line ?? message}`);
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
}

/** The median of every figure, each by itself. */
function summary(turns: readonly Measured[]): Measured {
  const of = (figure: (turn: Measured) => number): number => turns.map(figure).toSorted((a, b) => a - b)[turns.length >> 1] ?? Number.NaN;
  const [first] = turns;
  if (!first) throw new Error("no turn was taken");
  return {
    ...first,
    loadSeconds: of((turn) => turn.loadSeconds),
    peakBytes: first.peakBytes === null ? null : of((turn) => turn.peakBytes ?? Number.NaN),
    speeds: first.speeds.map(({ promptTokens }, i) => ({
      promptTokens,
      prefill: of((turn) => turn.speeds[i]?.prefill ?? Number.NaN),
      decode: of((turn) => turn.speeds[i]?.decode ?? Number.NaN),
    })),
  };
}
