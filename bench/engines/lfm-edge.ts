/** This engine as it ships (dist/), through its public API; in Node, Deno or Bun. */
import { readFileSync } from "node:fs";
import { promptOf, serve } from "./serve.ts";

const root = new URL("../../", import.meta.url);
const { load } = (await import(new URL("dist/src/index.js", root).href)) as typeof import("../../src/index.ts");
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };

await serve(async ({ file, threads, contextLength, kernels, paired }) => {
  const start = performance.now();
  const model = await load(file, { threads, contextLength, maxSequences: 1, kernels, pairVectors: paired });
  const loadMs = performance.now() - start;
  const { info } = model;
  return {
    loaded: { version, instructions: `WebAssembly SIMD, ${info.kernels}${info.paired ? ", paired" : ""}; ${runtime()}`, loadMs },
    async run({ promptTokens, steps }) {
      const begin = performance.now();
      const times: number[] = [];
      let firstMs = 0;
      let decodeMs = 0;
      const options = { maxTokens: steps + 1, ignoreEos: true, temperature: 0 };
      for await (const part of model.completeStream(promptOf(promptTokens), options)) {
        if (part.type === "text") times.push(performance.now());
        if (part.type !== "usage") continue;
        const { completionTokens, prefillMs } = part.usage;
        if (completionTokens !== steps + 1) throw new Error(`${completionTokens} tokens came, expected ${steps + 1}`);
        firstMs = steps === 0 ? performance.now() - begin : prefillMs;
        decodeMs = part.usage.decodeMs;
      }
      // A token that prints nothing sends no part: then only the mean is known.
      const stepMs = times.length === steps + 1 ? times.slice(1).map((time, i) => time - times[i]!) : Array(steps).fill(decodeMs / steps);
      return { promptTokens, firstMs, stepMs };
    },
  };
});

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun) return `Bun ${bun}`;
  return deno ? `Deno ${deno}` : `Node ${node}`;
}
