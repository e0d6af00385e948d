import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand, runCommand } from "citty";
import { describe, expect, it } from "vitest";
import { checkArguments } from "../cli/check-arguments.ts";
import { explain, Interrupted, UsageError } from "../cli/errors.ts";
import { writeWhole } from "../cli/files.ts";
import { loadingProgress } from "../cli/progress.ts";
import { formatCount, parseNumber, parseWhole } from "../cli/values.ts";
import { ContextLengthError, UnsupportedError, WeightsError } from "../src/errors.ts";

describe("arguments", () => {
  const args = {
    model: { type: "positional", required: true },
    text: { type: "positional", required: false },
    seed: { type: "string" },
    stop: { type: "string" },
    "max-tokens": { type: "string", alias: "n" },
    json: { type: "boolean" },
  } as const;

  it("are taken by name and by letter, behind a space or =, more than once where that has a meaning", () => {
    const given = checkArguments(["model.gguf", "-n", "5", "--seed=-3", "--stop", "a", "--json", "--stop", "- b"], args);
    expect(Object.fromEntries(given.values)).toEqual({ "max-tokens": ["5"], seed: ["-3"], stop: ["a", "- b"], json: [""] });
  });

  it.each([
    [["m", "--bogus"], "unknown flag --bogus"],
    [["m", "-x"], "unknown flag -x"],
    [["m", "--no-json"], "unknown flag --no-json"],
    [["m", "--maxTokens", "5"], "unknown flag --maxTokens"],
    [["m", "--seed"], "--seed needs a value"],
    [["m", "--seed", "--json"], "--seed needs a value"],
    [["m", "--json=yes"], "--json takes no value"],
    [["m", "--seed", "1", "--seed", "2"], "--seed was given twice"],
    [["m", "a", "b"], 'unexpected argument "b"; quote a text that has spaces'],
    [["--json"], "MODEL is missing"],
  ])("%j are refused", (rawArgs, message) => {
    expect(() => checkArguments(rawArgs, args)).toThrow(new UsageError(message));
  });

  it("after -- are text", () => {
    expect(() => checkArguments(["m", "--", "--seed"], args)).not.toThrow();
  });

  it("reach the command as they were read, whatever they look like", async () => {
    let seen: unknown;
    const command = defineCommand({ args, run: ({ args }) => void (seen = { ...args }) });
    const { rawArgs } = checkArguments(["--stop", "--no-json", "m", "-n5", "--", "--no-x"], args);
    await runCommand(command, { rawArgs });
    expect(seen).toMatchObject({ model: "m", text: "--no-x", stop: "--no-json", "max-tokens": "5" });
    expect(seen).not.toHaveProperty("json");
  });
});

describe("values", () => {
  it.each(["2", "-1", "0.5", ".5", "1e-3"])("%s is a number", (text) => expect(parseNumber(text, "--top-p")).toBe(Number(text)));
  it.each(["", "x", "1,5", "0x10", "Infinity", "NaN", " "])("%j is no number", (text) =>
    expect(() => parseNumber(text, "--top-p")).toThrow(UsageError),
  );
  it.each(["1.5", "", "9007199254740993"])("%j is no whole number", (text) => expect(() => parseWhole(text, "--seed")).toThrow(UsageError));

  it.each([
    [999, "999 B"],
    [3_008_576, "3.01 MB"],
    [4_731_500_288, "4.73 GB"],
  ])("%d bytes are %s", (bytes, text) => expect(formatCount(bytes)).toBe(text));
});

describe("errors", () => {
  it.each([
    [new UsageError("no"), "no", 2],
    [new WeightsError("Cannot open x: there is no such file"), "Cannot open x: there is no such file", 1],
    [new RangeError("topP must be above 0, not 2"), "--top-p must be above 0, not 2", 2],
    [new RangeError("Invalid array length"), "Invalid array length", 1],
    [new UnsupportedError("threads is not supported: x", "threads"), "--threads is not supported: x", 2],
    [new UnsupportedError("its architecture is llama", "llama"), "its architecture is llama", 1],
    [
      new ContextLengthError("x", 9, 5),
      "the text has 9 tokens, the context 5; shorten it, or pass a larger --ctx if the model has more (lfm-edge inspect says)",
      1,
    ],
    [new Error("one line\nat a stack"), "one line", 1],
    [new Error("\u001b[31mred\u0007"), "\\u001b[31mred\\u0007", 1],
    ["thrown text", "thrown text", 1],
    [new Interrupted("interrupted"), undefined, 130],
  ])("%o are one line and a code", (error, line, code) => {
    expect(explain(error)).toEqual({ line, code });
  });
});

describe("a file that is written", () => {
  it("is written to where a link leads, and the link stays; so does a pipe", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lfm-edge-"));
    try {
      const [target, link] = [join(folder, "target"), join(folder, "link")];
      writeFileSync(target, "old");
      symlinkSync(target, link);
      await writeWhole(link, new TextEncoder().encode("new"));
      expect([lstatSync(link).isSymbolicLink(), readFileSync(target, "utf8")]).toEqual([true, "new"]);
      const pipe = join(folder, "pipe");
      execFileSync("mkfifo", [pipe]);
      const [read] = await Promise.all([readFile(pipe, "utf8"), writeWhole(pipe, new TextEncoder().encode("piped"))]);
      expect([read, lstatSync(pipe).isFIFO()]).toEqual(["piped", true]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("progress", () => {
  function load(isTTY: boolean): string {
    let written = "";
    const stderr = { isTTY, write: (text: string) => (written += text) !== "" } as unknown as NodeJS.WriteStream;
    const progress = loadingProgress("m.gguf", stderr, clock);
    for (let loaded = 0; loaded <= 100; loaded++, now += 50) progress.onProgress({ phase: "read", loaded: loaded * 1e6, total: 1e8 });
    progress.clear();
    return written;
  }
  let now = 0;
  const clock = (): number => now;

  it("is a bar on a terminal, gone at the end", () => {
    const frames = load(true).split("\r\x1b[K").slice(1);
    expect(frames[24]).toBe(`loading m.gguf ${"█".repeat(12)}${"░".repeat(12)} 50 %  50.0 MB of 100 MB`);
    expect(frames).toHaveLength(51);
    expect(frames.at(-1)).toBe("");
  });

  it("is a line now and then elsewhere", () => {
    expect(load(false)).toBe("loading m.gguf: 60 %  60.0 MB of 100 MB\n");
  });
});
