/**
 * What a model gets right of train/evaluation.jsonl and train/handwritten.json, through this engine and greedily: the figures of
 * models/README.md. Of those files only the tools of "seen tools" were ever in training.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load } from "../src/index.ts";
import type { Model, Reply } from "../src/types.ts";
import { defaultModel } from "../worker/default-model.ts";
import { type NamedTools, toolsOf } from "./named-tools.ts";
import { type EvaluationExample, isRight } from "./score.ts";

const help = `Evaluates the embedded model.

  npm run eval:embedded -- [--model FILE] [--against FILE] [--only FIGURE] [--limit N] [--failures] [--json]

  --model     a GGUF file (default: the embedded model)
  --against   a second file, for instance the same model in F16: both are evaluated and compared
  --only      figures whose name contains this
  --limit     at most so many examples of each figure
  --failures  list what went wrong, with what was expected
  --json      the figures and the failures as JSON`;

const HELD = "json-held"; // the figure whose replies are held to the prompt's schema

/** The figures in the order of the table, with what is to be reached, in percent. */
const FIGURES: readonly (readonly [figure: string, title: string, bar?: number])[] = [
  ["tool-call seen-tools", "exact tool calls, seen tools, unseen values", 95],
  ["tool-call unseen-tools", "exact tool calls, unseen tools", 85],
  ["no-call", "no call where none fits", 90],
  ["json-extraction", "exact JSON extraction", 90],
  [HELD, "the same where it has a schema, held to it"],
  ["context-answer", "exact answer from a context", 90],
  ["refusal", "refusal where the context has no answer", 85],
  ["tool-sentence", "sentence from a tool's result, exact"],
  ["reference", "reference to an earlier turn, exact"],
  ["small-talk", "small talk in eight languages, exact"],
  ["text-task", "counting, sorting, repeating, exact"],
  ["thinking", "answer behind a thought, exact"],
  ["handwritten", "prompts written by hand"],
];
const MAX_TOKENS = 300;
const AT_ONCE = 4; // conversations

interface Failure {
  readonly figure: string;
  readonly prompt: string; // the last message
  readonly expected: EvaluationExample["expect"];
  readonly reply: Pick<Reply, "content" | "toolCalls" | "finishReason">;
}
interface Outcome {
  readonly right: Map<string, number>; // by figure
  readonly failures: Failure[];
}

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    against: { type: "string" },
    only: { type: "string", default: "" },
    limit: { type: "string", default: "1000000" },
    failures: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) console.log(help);
else {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}

async function main(): Promise<void> {
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`--limit is ${values.limit}, expected a whole number from 1`);
  const examples = limited(
    [...generated(), ...handwritten()].filter(({ figure }) => figure.includes(values.only)),
    limit,
  );
  if (examples.length === 0) throw new RangeError(`--only is ${values.only}, but no figure's name contains that`);
  const files = [values.model ?? fileURLToPath(defaultModel()), ...(values.against === undefined ? [] : [values.against])].map((file) =>
    resolve(file),
  );
  for (const file of files) if (!existsSync(file)) throw new Error(`there is no file ${file}`);

  const outcomes: Outcome[] = [];
  for (const file of files) outcomes.push(await evaluate(file, examples));
  if (values.json) console.log(JSON.stringify(report(files, examples, outcomes), null, 2));
  else {
    print(files, examples, outcomes);
    if (values.failures) for (const failure of outcomes[0]!.failures) console.log(`\n${described(failure)}`);
  }
}

function generated(): EvaluationExample[] {
  const text = readFileSync(new URL("evaluation.jsonl", import.meta.url), "utf8");
  const examples = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as EvaluationExample);
  // As a program would ask that wants JSON of a schema.
  return [...examples, ...examples.filter(({ schema }) => schema).map((one) => ({ ...one, figure: HELD }))];
}

/** Tools are written once in that file, and named by its prompts. */
function handwritten(): EvaluationExample[] {
  interface Prompt extends Omit<EvaluationExample, "figure" | "tools"> {
    tools?: string[];
  }
  const file = JSON.parse(readFileSync(new URL("handwritten.json", import.meta.url), "utf8")) as {
    tools: NamedTools;
    prompts: Prompt[];
  };
  return file.prompts.map(({ tools, ...prompt }) => ({ figure: "handwritten", ...prompt, tools: toolsOf(file.tools, tools) }));
}

function limited(examples: EvaluationExample[], limit: number): EvaluationExample[] {
  const taken = new Map<string, number>();
  return examples.filter(({ figure }) => {
    taken.set(figure, (taken.get(figure) ?? 0) + 1);
    return taken.get(figure)! <= limit;
  });
}

/** Every example's reply, a few at once: replies do not depend on that. */
async function evaluate(file: string, examples: readonly EvaluationExample[]): Promise<Outcome> {
  await using model = await load(file, { maxSequences: AT_ONCE });
  const replies: Reply[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < examples.length; i = next++) {
      replies[i] = await ask(model, examples[i]!);
      if (process.stderr.isTTY) process.stderr.write(`\r${basename(file)}: ${next} of ${examples.length} `);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");

  const right = new Map<string, number>();
  const failures: Failure[] = [];
  for (const [i, { figure, messages, expect }] of examples.entries()) {
    const { content, toolCalls, finishReason } = replies[i]!;
    if (isRight({ content, toolCalls }, expect)) right.set(figure, (right.get(figure) ?? 0) + 1);
    else {
      const prompt = JSON.stringify(messages.at(-1)!.content);
      failures.push({ figure, prompt, expected: expect, reply: { content, toolCalls, finishReason } });
    }
  }
  return { right, failures };
}

function ask(model: Model, { figure, messages, tools, kwargs, schema }: EvaluationExample): Promise<Reply> {
  return model.chat(messages, {
    temperature: 0,
    repetitionPenalty: 1,
    maxTokens: MAX_TOKENS,
    ...(tools !== undefined && tools.length > 0 && { tools }),
    ...(kwargs && { templateArguments: kwargs }),
    ...(schema && figure === HELD && { responseFormat: { type: "json_schema", schema } }),
  });
}

function countOf(examples: readonly EvaluationExample[], figure: string): number {
  return examples.filter((one) => one.figure === figure).length;
}

function report(files: string[], examples: readonly EvaluationExample[], outcomes: Outcome[]): object {
  return {
    files,
    figures: FIGURES.filter(([figure]) => countOf(examples, figure) > 0).map(([figure, title, bar]) => ({
      figure,
      title,
      n: countOf(examples, figure),
      ...(bar !== undefined && { bar }),
      right: outcomes.map(({ right }) => right.get(figure) ?? 0), // by file
    })),
    failures: outcomes[0]!.failures,
  };
}

/** A Markdown table. */
function print(files: string[], examples: readonly EvaluationExample[], outcomes: Outcome[]): void {
  const names = files.map((file) => basename(file));
  console.log(`| figure | n | ${names.join(" | ")} | to reach |\n|---|---:|${"---:|".repeat(names.length)}---:|`);
  for (const [figure, title, bar] of FIGURES) {
    const n = countOf(examples, figure);
    if (n === 0) continue;
    const shares = outcomes.map(({ right }) => `${((100 * (right.get(figure) ?? 0)) / n).toFixed(1)} %`);
    console.log(`| ${title} | ${n} | ${shares.join(" | ")} | ${bar === undefined ? "" : `${bar} %`} |`);
  }
}

function described({ figure, prompt, expected, reply }: Failure): string {
  const calls = reply.toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }));
  const said = calls.length > 0 ? { calls, ...(reply.content && { text: reply.content }) } : { text: reply.content };
  return `${figure}: ${prompt}\n  expected ${JSON.stringify(expected)}\n  replied  ${JSON.stringify(said)}${reply.finishReason === "length" ? " (cut off)" : ""}`;
}
