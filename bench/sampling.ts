/** What choosing a token costs beside computing it: the sampler alone, on vocabularies of the models' sizes. `npm run bench:sampling` */
import { createNumerics, numericsRoom } from "../src/engine/numerics.ts";
import { createSampler } from "../src/sampling/sampler.ts";
import { resolveSampling } from "../src/sampling/options.ts";
import type { SamplingOptions } from "../src/types.ts";
import { BankPlan, openBanks } from "../src/wasm/bank.ts";
import { chooseKernels } from "../src/wasm/builds.ts";
import { Random } from "./synthetic/random.ts";

const settings: Readonly<Record<string, SamplingOptions>> = {
  "temperature 0": { temperature: 0 },
  "LFM2's default": { temperature: 0.3, minP: 0.15, repetitionPenalty: 1.05 },
  "LFM2.5-8B's default": { temperature: 0.2, topK: 80, repetitionPenalty: 1.05 },
  "top-k 40, top-p 0.9": { temperature: 0.7, topK: 40, topP: 0.9 },
  "top-p 0.9": { temperature: 0.7, topP: 0.9 },
  "temperature 1": { temperature: 1 },
  "typical 0.9": { temperature: 0.7, typicalP: 0.9 },
};
const SAMPLES = 200;
const WARM_UP = 60;

const plan = new BankPlan();
const input = plan.allocate(4 * numericsRoom(128_000)).offset;
const functions = createNumerics(openBanks((await chooseKernels()).module, plan.createMemories())[0]!, input);

for (const vocabulary of [65_536, 128_000]) {
  const random = new Random(`logits of ${vocabulary}`);
  // Near normal, of a model's spread, and two that stand out.
  const likely = Float32Array.from({ length: vocabulary }, () => 10 * (random.next() + random.next() + random.next() - 1.5));
  likely[777] = 17;
  likely[778] = 16.5;
  for (const [name, options] of Object.entries(settings)) {
    const sampling = resolveSampling({ seed: 1, ...options }, {}, vocabulary);
    const sampler = createSampler({ sampling, functions, choice: 0, prompt: Array.from({ length: 500 }, (_, i) => 7 * i) });
    const logits = new Float32Array(vocabulary);
    const times = Array.from({ length: SAMPLES }, (_, position) => {
      logits.set(likely);
      const start = performance.now();
      sampler.accept(sampler.sample(logits, position).id);
      return performance.now() - start;
    });
    const judged = times.slice(WARM_UP).toSorted((a, b) => a - b);
    const at = (share: number): string => judged[Math.floor(share * judged.length)]!.toFixed(2);
    console.log(`${String(vocabulary).padEnd(8)}${name.padEnd(22)}median ${at(0.5)} ms   p95 ${at(0.95)} ms`);
  }
}
