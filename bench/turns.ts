/**
 * One matrix kernel of several builds, in turns of a few milliseconds within one process: where the machine's clock and memory swing from one second
 * to the next, they swing for all alike. Prints medians, ratios to the first as medians over the turns, and a hash of the outputs, which are to be the same.
 *
 *     npm run bench:turns -- old.wasm build/plain.wasm build/relaxed.wasm [--type Q4_0] [--shape 2048x1792] [--rows 1] [--pool 256] [--pair]
 *
 * `--pool`: MiB of weights that are gone through; 2 stay in a cache. `--pair`: with V8's pairing of vectors.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import type { TensorType } from "../src/gguf/types.ts";
import { BankPlan, openBanks } from "../src/wasm/bank.ts";
import { identifyKernels } from "../src/wasm/builds.ts";
import { activationBytes, FORMATS, packedBytes } from "../src/wasm/formats.ts";
import { median } from "./cells.ts";
import { fillWeights, quantizeRows, randomBytes, rawBytes } from "./kernel-inputs.ts";

const WARM_UP_MS = 700;
const RUN_MS = 6000;
const TURN_WEIGHTS = 8e6; // times rows

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    type: { type: "string", default: "Q4_0" },
    shape: { type: "string", default: "2048x1792" },
    rows: { type: "string", default: "1" },
    pool: { type: "string", default: "256" },
    pair: { type: "boolean", default: false },
  },
});
const type = values.type as TensorType;
if (!(type in FORMATS)) throw new RangeError(`there is no type ${type}; there are ${Object.keys(FORMATS).join(", ")}`);
if (files.length === 0) throw new RangeError("name the kernels: npm run bench:turns -- old.wasm build/plain.wasm");
const [cols = 0, outputs = 0] = values.shape.split("x").map(Number);
const rows = Number(values.rows);
if (values.pair) v8.setFlagsFromString("--experimental-wasm-revectorize");

interface Contender {
  readonly file: string;
  readonly run: () => void;
  readonly hash: () => number;
  readonly times: number[]; // ms of one product
}

function contender(file: string): Contender {
  const { module, build } = identifyKernels(new WebAssembly.Module(readFileSync(file)));
  const { matmul, pack, activations: form } = FORMATS[type];
  const size = packedBytes(type, cols, outputs);
  const count = Math.max(1, Math.floor((Number(values.pool) * 2 ** 20) / size));
  const plan = new BankPlan();
  const [pool, raw, input, quantized, output] = [
    count * size,
    rawBytes(type, cols, outputs),
    rows * cols * 4,
    rows * cols * 4,
    rows * outputs * 4,
  ].map((bytes) => plan.allocate(bytes).offset) as [number, number, number, number, number];
  const { kernels, bytes, f32, i32 } = openBanks(module, plan.createMemories())[0]!;
  const random = randomBytes();
  for (let i = 0; i < rows * cols; i++) f32[input / 4 + i] = (random() - 128) / 128;
  fillWeights(bytes, f32, raw, type, cols * outputs, random);
  for (let i = 0; i < count; i++) kernels[pack](pool + i * size, raw, cols, outputs);
  const stride = activationBytes(form, cols, build);
  quantizeRows(kernels, bytes, type, quantized, stride, input, cols, rows);
  let turn = 0;
  return {
    file,
    run: () => kernels[matmul](output, outputs * 4, quantized, stride, pool + (turn++ % count) * size, cols, 0, outputs, rows),
    hash: () => i32.subarray(output / 4, output / 4 + rows * outputs).reduce((hash, word) => (Math.imul(hash, 31) + word) | 0, 0),
    times: [],
  };
}

const contenders = files.map(contender);
for (const { run } of contenders) for (const start = performance.now(); performance.now() - start < WARM_UP_MS; ) run();
const repeats = Math.max(1, Math.round(TURN_WEIGHTS / (cols * outputs * rows)));
for (const start = performance.now(); performance.now() - start < RUN_MS; )
  for (const { run, times } of contenders) {
    const began = performance.now();
    for (let i = 0; i < repeats; i++) run();
    times.push((performance.now() - began) / repeats);
  }

console.log(`${process.version}${values.pair ? ", paired" : ""}: ${type}, ${values.shape}, ${rows} rows, ${values.pool} MiB`);
const [first] = contenders;
for (const { file, times, hash } of contenders) {
  const ms = median(times);
  const ratio = median(times.map((time, i) => first!.times[i]! / time));
  console.log(
    `${file.padEnd(32)} ${((cols * outputs * rows) / ms / 1e6).toFixed(1).padStart(6)} GMAC/s ${(packedBytes(type, cols, outputs) / ms / 1e6).toFixed(1).padStart(5)} GB/s  × ${ratio.toFixed(3)}  ${hash() >>> 0}`,
  );
}
