/** This engine, through its public API. */
import { readFileSync } from "node:fs";
import { load } from "../../src/index.ts";
import { measure, peakBytes, readOrder, tell } from "./measure.ts";

const order = readOrder();
const start = performance.now();
await using model = await load(order.file, { threads: order.threads, pairVectors: order.paired });
const loadSeconds = (performance.now() - start) / 1000;
const speeds = await measure(order, async (prompt, steps) => {
  // The first token comes out of the prompt's computation.
  const { usage } = await model.complete(prompt, { maxTokens: steps + 1, ignoreEos: true, temperature: 0 });
  if (usage.completionTokens !== steps + 1) throw new Error(`${usage.completionTokens} tokens came, expected ${steps + 1}`);
  return [usage.prefillMs, usage.decodeMs];
});
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
const { kernels, paired } = model.info;
const instructions = `WebAssembly SIMD, ${kernels}${paired ? ", paired" : ""}`;
tell({ version, instructions, loadSeconds, peakBytes: peakBytes(), speeds });
