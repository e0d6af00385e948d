/** Matrix kernels on one thread: weights from memory (one row) and from cache (a prompt's rows), of the 8B's expert shape. `--pair` sets V8's pairing. */
import { parseArgs } from "node:util";
import v8 from "node:v8";
import type { TensorType } from "../src/gguf/types.ts";
import { tensorTypes } from "../src/gguf/tensor-types.ts";
import { BankPlan, openBanks } from "../src/wasm/bank.ts";
import { chooseKernels, type Build } from "../src/wasm/builds.ts";
import { activationBytes, FORMATS, packedBytes } from "../src/wasm/formats.ts";

const { values } = parseArgs({
  options: { build: { type: "string", default: "relaxed" }, pair: { type: "boolean", default: false }, types: { type: "string" } },
});
if (values.pair) v8.setFlagsFromString("--experimental-wasm-revectorize");
const build = values.build as Build;
const types = (values.types?.split(",") ?? ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "MXFP4", "F16", "F32"]) as TensorType[];
const [cols, rows, prompt] = [2048, 1792, 32];
const poolBytes = 256 * 2 ** 20;

const plan = new BankPlan();
const pool = plan.allocate(poolBytes).offset;
const raw = plan.allocate(16 * 2 ** 20).offset;
const input = plan.allocate(prompt * cols * 4).offset;
const activations = plan.allocate(prompt * cols * 4).offset;
const output = plan.allocate(prompt * rows * 4).offset;
const [bank] = openBanks((await chooseKernels(build)).module, plan.createMemories());
if (!bank) throw new Error("no bank");
const { kernels, bytes, f32 } = bank;

let seed = 12345;
const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0) / 2 ** 31;
for (let i = 0; i < prompt * cols; i++) f32[input / 4 + i] = random();

/** Median of five runs of 0.3 s, after as long a warm-up. */
function rate(work: (turn: number) => void, perTurn: number): number {
  const run = (): number => {
    const start = performance.now();
    let turns = 0;
    while (performance.now() - start < 300) work(turns++);
    return (turns * perTurn) / (performance.now() - start) / 1e6;
  };
  run();
  return Array.from({ length: 5 }, run).sort((a, b) => a - b)[2] ?? 0;
}

console.log(`${process.version}, ${build}${values.pair ? ", paired" : ""}, ${cols} × ${rows}`);
for (const type of types) {
  const { matmul, pack, activations: form } = FORMATS[type];
  const { blockWeights, blockBytes } = tensorTypes[type];
  const size = packedBytes(type, cols, rows);
  const rawBytes = ((rows * cols) / blockWeights) * blockBytes;
  for (let i = 0; i < rawBytes; i++) bytes[raw + i] = random() * 128;
  // Every 16-bit word that could be a scale is made an f16 near 0.01: no denormals, no infinities.
  if (type === "F32") for (let i = 0; i < rows * cols; i++) f32[raw / 4 + i] = random();
  else for (let i = 1; i < rawBytes; i += 2) bytes[raw + i] = 0x20 | ((bytes[raw + i] ?? 0) & 3);
  const count = Math.floor(poolBytes / size);
  for (let i = 0; i < count; i++) kernels[pack](pool + i * size, raw, cols, rows);
  const stride = activationBytes(form, cols, build);
  for (let r = 0; r < prompt; r++) {
    const [to, from] = [activations + r * stride, input + r * cols * 4];
    if (form === "f32") bytes.copyWithin(to, from, from + stride);
    else kernels[form === "q32" ? "quantizeRow32" : form === "q256" ? "quantizeRow256" : "quantizeRow32Wide"](to, from, cols);
  }
  const multiply = (w: number, n: number): void => kernels[matmul](output, rows * 4, activations, stride, w, cols, 0, rows, n);
  const one = rate((turn) => multiply(pool + (turn % count) * size, 1), size);
  const cached = rate(() => multiply(pool, 1), cols * rows);
  const many = rate(() => multiply(pool, prompt), cols * rows * prompt);
  console.log(
    `${type.padEnd(6)} 1 row from memory ${one.toFixed(1).padStart(5)} GB/s   cached ${cached.toFixed(1).padStart(5)} GMAC/s   ${prompt} rows ${many.toFixed(1).padStart(5)} GMAC/s`,
  );
}
