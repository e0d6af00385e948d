/** Many prompts: as many at once as the model holds sequences; a line of JSON for each.   node examples/batch.ts [model.gguf] < prompts.txt */
import { createInterface } from "node:readline";
import { load } from "lfm-edge";

await using model = await load(process.argv[2] ?? import.meta.resolve("lfm-edge/model.gguf"), { maxSequences: 8 });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let count = 0;

async function work(): Promise<void> {
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const prompt = line.value;
    if (prompt.trim() === "") continue;
    const index = count++;
    const { content, finishReason, usage } = await model.chat([{ role: "user", content: prompt }], { seed: index, maxTokens: 200 });
    console.log(JSON.stringify({ index, prompt, content, finishReason, tokens: usage.completionTokens }));
  }
}

await Promise.all(Array.from({ length: model.info.maxSequences }, work));
