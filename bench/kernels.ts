/**
 * Matrix kernels on one thread, on the models' own shapes: weights out of memory for one row of activations (GB/s), out of cache for one and for
 * a prompt's rows (GMAC/s), in both builds, with V8's pairing of vectors and without: a process for each, because the flag holds for all of it.
 *
 *     npm run bench:kernels -- [--types Q4_0,Q6_K] [--modes paired,relaxed,plain-paired,plain] [--shapes 2048x1792]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import type { TensorType } from "../src/gguf/types.ts";
import { BankPlan, openBanks } from "../src/wasm/bank.ts";
import { chooseKernels, type Build } from "../src/wasm/builds.ts";
import { activationBytes, FORMATS, packedBytes } from "../src/wasm/formats.ts";
import { fillWeights, quantizeRows, randomBytes, rawBytes } from "./kernel-inputs.ts";

interface Case {
  readonly what: string;
  readonly cols: number;
  readonly rows: number;
  readonly types: readonly TensorType[];
}

const cases: readonly Case[] = [
  { what: "8B expert, gate and up", cols: 2048, rows: 1792, types: ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "MXFP4", "F16", "F32"] },
  { what: "8B expert, down", cols: 1792, rows: 2048, types: ["Q4_0", "Q4_K", "Q6_K"] },
  { what: "350M, gate and up", cols: 1024, rows: 4608, types: ["Q4_0", "Q4_K"] },
  { what: "350M, down", cols: 4608, rows: 1024, types: ["Q4_0", "Q4_K", "Q6_K"] },
  { what: "350M, LM head", cols: 1024, rows: 65_536, types: ["Q6_K"] },
  { what: "1.2B and 8B, in_proj", cols: 2048, rows: 6144, types: ["Q4_0", "Q4_K"] },
  { what: "1.2B and 8B, LM head", cols: 2048, rows: 65_536, types: ["Q6_K"] },
];
const modes: Readonly<Record<string, { build: Build; pair: boolean }>> = {
  paired: { build: "relaxed", pair: true },
  relaxed: { build: "relaxed", pair: false },
  "plain-paired": { build: "plain", pair: true },
  plain: { build: "plain", pair: false },
};
const PROMPT = 32; // rows
const RUN_MS = 120;
const RUNS = 5;
const POOL_BYTES = 256 * 2 ** 20; // no cache holds it

const { values } = parseArgs({ options: { types: { type: "string" }, modes: { type: "string" }, shapes: { type: "string" } } });
const wanted = values.modes?.split(",") ?? Object.keys(modes);
const [only] = wanted;
if (wanted.length === 1 && only !== undefined) await measure(only);
else {
  const rest = process.argv.slice(2).filter((text, i, all) => !text.startsWith("--modes") && all[i - 1] !== "--modes");
  for (const mode of wanted) {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), "--modes", mode, ...rest];
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (status !== 0) {
      process.exitCode = status ?? 1;
      break;
    }
  }
}

async function measure(name: string): Promise<void> {
  const mode = modes[name];
  if (!mode) throw new RangeError(`there is no mode ${name}; there are ${Object.keys(modes).join(", ")}`);
  const { build, pair } = mode;
  if (pair) v8.setFlagsFromString("--experimental-wasm-revectorize");
  const largest = (size: (shape: Case, type: TensorType) => number): number =>
    Math.max(...cases.flatMap((shape) => shape.types.map((type) => size(shape, type))));

  const plan = new BankPlan();
  const pool = plan.allocate(POOL_BYTES).offset;
  const raw = plan.allocate(largest(({ cols, rows }, type) => rawBytes(type, cols, rows))).offset;
  const input = plan.allocate(PROMPT * largest(({ cols }) => cols) * 4).offset;
  const activations = plan.allocate(PROMPT * largest(({ cols }) => cols) * 4).offset;
  const output = plan.allocate(PROMPT * largest(({ rows }) => rows) * 4).offset;
  const bank = openBanks((await chooseKernels(build)).module, plan.createMemories())[0]!;
  const { kernels, bytes, f32 } = bank;
  const random = randomBytes();
  for (let i = 0; i < (activations - input) / 4; i++) f32[input / 4 + i] = (random() - 128) / 128;

  console.log(`${process.version}, ${name}`);
  for (const { what, cols, rows, types } of cases) {
    if (values.shapes !== undefined && !values.shapes.split(",").includes(`${cols}x${rows}`)) continue;
    for (const type of types) {
      if (values.types !== undefined && !values.types.split(",").includes(type)) continue;
      const { matmul, pack, activations: form } = FORMATS[type];
      const size = packedBytes(type, cols, rows);
      fillWeights(bytes, f32, raw, type, cols * rows, random);
      const count = Math.max(1, Math.floor(POOL_BYTES / size));
      for (let i = 0; i < count; i++) kernels[pack](pool + i * size, raw, cols, rows);
      const stride = activationBytes(form, cols, build);
      quantizeRows(kernels, bytes, type, activations, stride, input, cols, PROMPT);
      const multiply = (w: number, to: number, n: number): void =>
        kernels[matmul](output, rows * 4, activations, stride, w, cols, 0, to, n);
      const few = Math.min(rows, 1024); // rows of weights that a core's own cache holds
      const one = rate((turn) => multiply(pool + (turn % count) * size, rows, 1), size);
      const cached = rate(() => multiply(pool, few, 1), cols * few);
      const many = rate(() => multiply(pool, few, PROMPT), cols * few * PROMPT);
      console.log(
        `${what.padEnd(24)}${`${cols} × ${rows}`.padEnd(14)}${type.padEnd(6)} 1 row from memory ${one.toFixed(1).padStart(5)} GB/s   cached ${cached.toFixed(1).padStart(5)} GMAC/s   ${PROMPT} rows ${many.toFixed(1).padStart(5)} GMAC/s`,
      );
    }
  }
}

/** Median of the runs, after one to warm up; in 10⁹ a second. */
function rate(work: (turn: number) => void, perTurn: number): number {
  const run = (): number => {
    const start = performance.now();
    let turns = 0;
    while (performance.now() - start < RUN_MS) work(turns++);
    return (turns * perTurn) / (performance.now() - start) / 1e6;
  };
  run();
  return Array.from({ length: RUNS }, run).sort((a, b) => a - b)[RUNS >> 1] ?? 0;
}
