/** Loads a file, answers and closes, as often as it is told; a line of JSON for each time. */
import { readFileSync } from "node:fs";
import { load } from "../../src/index.ts";

export interface Round {
  readonly text: string;
  readonly loadSeconds: number;
  readonly answerSeconds: number;
  readonly peakBytes: number; // of the process, from its start
}

const peakBytes = (): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;

const [path = "", times = "1"] = process.argv.slice(2);
for (let i = 0; i < Number(times); i++) {
  const start = performance.now();
  const model = await load(path);
  const loaded = performance.now();
  const { content } = await model.chat([{ role: "user", content: "Name three rivers." }], { maxTokens: 6, temperature: 0 });
  await model.close();
  const round: Round = {
    text: content,
    loadSeconds: (loaded - start) / 1000,
    answerSeconds: (performance.now() - loaded) / 1000,
    peakBytes: peakBytes(),
  };
  console.log(JSON.stringify(round));
}
