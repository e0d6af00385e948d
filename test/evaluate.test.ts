/** npm run eval:embedded, on the smallest model there is: what it prints, not what it reaches. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const model = fileURLToPath(new URL("fixtures/tiny-moe-Q4_0.gguf", import.meta.url));
const evaluate = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--conditions=source", `${root}train/evaluate.ts`, "--model", model, ...args]);

test("counts what is right, by figure and file", async () => {
  const args = ["--against", model, "--only", "written", "--limit", "1"];
  const { files, figures, failures } = JSON.parse((await evaluate(...args, "--json")).stdout) as Record<string, object[]>;
  const title = "prompts written by hand";
  expect(figures).toEqual([{ figure: "handwritten", title, n: 1, right: [0, 0] }]);
  expect(files).toEqual([model, model]);
  expect(failures).toHaveLength(1);

  const { stdout } = await evaluate(...args, "--failures");
  expect(stdout).toContain(`| ${title} | 1 | 0.0 % | 0.0 % |`);
  expect(stdout).toMatch(/\nhandwritten: ".+\n {2}expected \{"calls":.+\n {2}replied {2}\{/);
});

test("refuses what it cannot do in one line", async () => {
  const refusal = async (...args: string[]): Promise<unknown> => evaluate(...args).catch((error: { stderr: string }) => error.stderr);
  expect(await refusal("--only", "nothing")).toBe("--only is nothing, but no figure's name contains that\n");
  expect(await refusal("--limit", "0")).toBe("--limit is 0, expected a whole number from 1\n");
  expect(await refusal("--against", "no-such-file")).toMatch(/^there is no file .+no-such-file\n$/);
});
