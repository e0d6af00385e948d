/** lfm-edge eval: what a model makes of a text that is given. */
import { defineCommand } from "citty";
import { Interrupted, UsageError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { openModel } from "../open.ts";
import { jsonArg, loadOptions, modelArgs, quietArg } from "../options.ts";

export const examples = ["lfm-edge eval model.gguf -f text.txt", "lfm-edge eval model.gguf --ids 1,2,3 --logits last-row.f32 --json"];

export default defineCommand({
  meta: { name: "eval", description: "Judge a text: likeliest next tokens and negative log-likelihoods" },
  args: {
    model: { type: "positional", required: true, description: "A GGUF file or its URL" },
    ids: { type: "string", valueHint: "IDS", description: "Token ids, as 1,2,3; nothing is added" },
    file: { type: "string", alias: "f", valueHint: "FILE", description: "A text; BOS is put before it" },
    logits: { type: "string", valueHint: "FILE", description: "Write the last token's logits, little-endian f32" },
    ...modelArgs,
    json: { ...jsonArg.json, description: "Print { argmax, nll, nllMean }" },
    ...quietArg,
  },
  async run({ args }) {
    if ((args.ids === undefined) === (args.file === undefined)) throw new UsageError("pass either --ids or -f");
    const ids = args.ids === undefined ? undefined : parseIds(args.ids);
    const text = args.file === undefined ? "" : await readText(args.file);
    const loading = await loadOptions(args);
    const signal = interruptSignal();
    await using model = await openModel(args.model, { ...loading, signal }, { quiet: args.quiet || args.json });
    const evaluated = ids ?? model.tokenize(text, { bos: true });
    const { argmax, nll, nllMean, logits } = await model.evaluate(evaluated, { signal });
    if (signal.aborted) throw new Interrupted("interrupted");
    if (args.logits !== undefined) await writeWhole(args.logits, new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
    if (args.json) console.log(JSON.stringify({ argmax, nll, nllMean }));
    else if (nllMean === null) console.log(`1 token; the likeliest next is ${argmax[0]}`);
    else
      console.log(
        `${argmax.length} tokens; nll ${nllMean.toFixed(4)} per token, perplexity ${Math.exp(nllMean).toFixed(3)}; the likeliest next is ${argmax.at(-1)}`,
      );
  },
});

function parseIds(text: string): number[] {
  return text.split(",").map((part) => {
    if (!/^\s*\d+\s*$/.test(part)) throw new UsageError(`--ids must be token ids as 1,2,3; ${JSON.stringify(part)} is none`);
    return Number(part);
  });
}
