/** The examples, as users run them: on Node and on Deno, over the built package and its own model. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const deno = `${root}node_modules/deno/bin.cjs`;

const runtimes: Record<string, (args: string[]) => string[]> = {
  Node: (args) => args,
  Deno: (args) => [deno, "run", "--quiet", "--allow-all", ...args],
};

function run(args: string[], input = ""): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: root }, (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }));
    child.stdin!.end(input);
  });
}

describe.each(Object.keys(runtimes))("on %s", (runtime) => {
  const example = async (name: string, args: string[] = [], input = ""): Promise<string> => {
    const { code, stdout, stderr } = await run(runtimes[runtime]!([`examples/${name}.ts`, ...args]), input);
    expect(code, stderr).toBe(0);
    return stdout;
  };

  it("the agent calls its tools", async () => {
    expect(await example("agent")).toBe(
      'get_weather({"city":"Oslo"}) → {"sky":"clear","temperature":21}\nThe sky is clear and the temperature is 21.\n',
    );
  });

  it("the conversation has its turns", async () => {
    expect(await example("chat")).toBe(
      "> Hello!\nHello! How can I help you?\n> My name is Mina.\nHello Mina! How can I help you?\n" +
        "> What is my name?\nYour name is Mina.\n",
    );
  });

  it("the data have the form of their schema", async () => {
    expect(JSON.parse(await example("extract"))).toEqual({ customer: "Mina Park", product: "lamp", quantity: 3 });
  });

  it("the notes are asked, and named", async () => {
    const told = await example("rag"); // the model was not trained to compare texts: which is nearer is no promise
    expect(told).toMatch(/^Mina Park\n(source: \w+\.md \(0\.\d\d\)\n){3}$/);
    expect(told).toContain("source: garden.md");
    const scores = Array.from(told.matchAll(/\((.+)\)/g), ([, score]) => Number(score));
    expect(scores[0]).toBeGreaterThanOrEqual(scores[1]!); // but the nearer one is named first
  });

  it("the batch answers every prompt", async () => {
    const prompts = ["Mina", "The red fox", "Who?", "What time is it?", "Where?", "When?", "Why?", "How?", "Which?", "And then?"];
    const lines = (await example("batch", [], `${prompts.join("\n")}\n\n`)).trim().split("\n");
    const answered = lines.map((line) => JSON.parse(line) as { index: number; prompt: string; tokens: number });
    expect(new Map(answered.map(({ index, prompt }) => [prompt, index]))).toEqual(new Map(prompts.map((prompt, index) => [prompt, index])));
    for (const { tokens } of answered) expect(tokens).toBeGreaterThan(0);
  });
});

it("each has less than 60 lines, and is tested here", () => {
  const tested = readFileSync(new URL(import.meta.url), "utf8");
  for (const file of globSync("examples/*.ts", { cwd: root })) {
    expect(readFileSync(root + file, "utf8").split("\n").length, file).toBeLessThan(60);
    expect(tested).toContain(`example("${file.replace(/^examples\/|\.ts$/g, "")}"`);
  }
});
