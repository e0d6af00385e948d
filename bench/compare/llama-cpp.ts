/** Native llama.cpp on the CPU, through node-llama-cpp's prebuilt binaries. */
import { measure, peakBytes, readOrder, tell } from "./measure.ts";

/** As much of node-llama-cpp as is used here: it is installed in bench/ only, and the type check must pass without it. */
interface Peer {
  readonly getLlama: (options: object) => Promise<{
    readonly systemInfo: string;
    readonly llamaCppRelease: { readonly release: string };
    loadModel(options: object): Promise<{ createContext(options: object): Promise<{ getSequence(options: object): Sequence }> }>;
  }>;
}
interface Sequence {
  evaluateWithoutGeneratingNewTokens(ids: number[]): Promise<void>;
  evaluate(ids: number[], options: object): AsyncIterable<number>;
  clearHistory(): Promise<void>;
}

const order = readOrder();
const peer = "node-llama-cpp";
const { getLlama } = (await import(peer).catch(() => {
  throw new Error(`${peer} is not installed: npm ci --prefix bench`);
})) as Peer;
const llama = await getLlama({ gpu: false, build: "never", maxThreads: order.threads, logLevel: "error", progressLogs: false });
const start = performance.now();
const model = await llama.loadModel({ modelPath: order.file, gpuLayers: 0 });
const loadSeconds = (performance.now() - start) / 1000;
const longest = Math.max(...order.promptTokens) + order.decodeTokens + 16;
const context = await model.createContext({ contextSize: longest, batchSize: 512, threads: order.threads });
const sequence = context.getSequence({ checkpoints: { max: 0, interval: false } });

const speeds = await measure(order, async (prompt, steps) => {
  await sequence.clearHistory();
  const begin = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
  let first = 0;
  let came = 0;
  for await (const _ of sequence.evaluate(prompt.slice(-1), { temperature: 0, yieldEogToken: true })) {
    if (came === 0) first = performance.now();
    if (came++ === steps) break;
  }
  if (came !== steps + 1) throw new Error(`${came} tokens came, expected ${steps + 1}`);
  return [first - begin, performance.now() - first];
});
// "CPU : AVX2 = 1 | FMA = 1 | …"
const instructions = [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name]) => name).join(" ");
tell({ version: llama.llamaCppRelease.release, instructions, loadSeconds, peakBytes: peakBytes(), speeds });
process.exit(); // its threads would keep the process
