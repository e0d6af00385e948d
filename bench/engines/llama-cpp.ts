/** Native llama.cpp on the CPU, through node-llama-cpp's prebuilt binaries, as these set it up for the machine; "avx2": for one with no more than that. */
import { avx2Only } from "./avx2-only.ts";
import { promptOf, serve } from "./serve.ts";

/** As much of node-llama-cpp as is used here: it is installed in bench/ only, and the type check must pass without it. */
interface Peer {
  readonly getLlama: (options: object) => Promise<{
    readonly systemInfo: string;
    readonly llamaCppRelease: { readonly release: string };
    loadModel(options: object): Promise<{ createContext(options: object): Promise<{ getSequence(options: object): Sequence }> }>;
  }>;
}
interface Sequence {
  evaluate(ids: number[], options: object): AsyncIterable<number>;
  clearHistory(): Promise<void>;
}

const peer = process.argv[2] === "avx2" ? avx2Only() : "node-llama-cpp";
const { getLlama } = (await import(peer)) as Peer;

await serve(async ({ file, threads, contextLength }) => {
  const start = performance.now();
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error", progressLogs: false });
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: contextLength, threads });
  const sequence = context.getSequence({ checkpoints: { max: 0, interval: false } });
  const loadMs = performance.now() - start;
  // "CPU : AVX2 = 1 | FMA = 1 | …"
  const instructions = [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name]) => name).join(" ");
  return {
    loaded: { version: llama.llamaCppRelease.release, instructions, loadMs },
    async run({ promptTokens, steps }) {
      await sequence.clearHistory();
      const times = [performance.now()];
      for await (const _ of sequence.evaluate(promptOf(promptTokens), { temperature: 0, yieldEogToken: true })) {
        times.push(performance.now());
        if (times.length === steps + 2) break;
      }
      if (times.length !== steps + 2) throw new Error(`${times.length - 1} tokens came, expected ${steps + 1}`);
      const [firstMs = 0, ...stepMs] = times.slice(1).map((time, i) => time - times[i]!);
      return { promptTokens, firstMs, stepMs };
    },
  };
});
