/** Answers from a folder of notes, and says which.   node examples/rag.ts [model.gguf] [folder] [question] */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "lfm-edge";

const [path = import.meta.resolve("lfm-edge/model.gguf"), folder = "examples/notes", question = "Who made the telescope?"] =
  process.argv.slice(2);
const SOURCES = 3;

await using model = await load(path);

const passages: { source: string; text: string }[] = [];
for (const source of (await readdir(folder)).filter((name) => name.endsWith(".md")).sort()) {
  const text = await readFile(join(folder, source), "utf8");
  for (const passage of text.split(/\n{2,}/)) if (passage.trim() !== "") passages.push({ source, text: passage.trim() });
}

const [asked, ...known] = await model.embed([question, ...passages.map(({ text }) => text)]);
const similarity = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0); // both have length 1
const nearest = passages
  .map((passage, i) => ({ ...passage, score: similarity(asked!, known[i]!) }))
  .sort((a, b) => b.score - a.score)
  .slice(0, SOURCES);

const context = nearest.map(({ text }) => text).join("\n");
const { content } = await model.chat(
  [
    { role: "system", content: "Answer only with what the text says." },
    { role: "user", content: `${context}\n\n${question}` },
  ],
  { seed: 1, maxTokens: 300 },
);
console.log(content);
for (const { source, score } of nearest) console.log(`source: ${source} (${score.toFixed(2)})`);
