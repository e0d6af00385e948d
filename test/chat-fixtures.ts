/** Rendered prompts, the templates to render them with, and a model to render for. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuiltInTemplateName } from "../src/chat/built-in-templates.ts";
import type { Marks } from "../src/chat/jinja/marks.ts";
import { compileTemplate, TrustedText } from "../src/chat/jinja/template.ts";
import { createTokenizer, type Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { fixture, fixtureMetadata, madeUpMetadata } from "./tokenizer-fixtures.ts";

/** A conversation as transformers' own Jinja renders it with one of the models' templates. */
export interface PromptCase {
  template: string;
  name: string;
  messages: Record<string, unknown>[];
  tools: unknown[] | null;
  add_generation_prompt: boolean;
  strftime: string;
  kwargs?: Record<string, unknown>;
  js_lossy?: boolean; // numbers that JavaScript cannot keep
  expect: string | { error: string };
}

export const promptCases = (JSON.parse(readFileSync(fixture("prompts.json"), "utf8")) as PromptCase[]).filter((one) => !one.js_lossy);

/** The built-in template of each group of cases. */
export const builtInOf: Readonly<Record<string, BuiltInTemplateName>> = {
  "lfm2-8b-a1b": "lfm2",
  "lfm2.5-8b-a1b": "lfm2.5",
  "lfm2.5-8b-a1b (dated tool list, 6f4e9f5)": "lfm2.5-dated",
  "lfm2.5-instruct": "lfm2.5-instruct",
  "lfm2.5-instruct (think prompt, 883a7f7)": "lfm2.5-thinking",
};

const GENUINE = { "lfm2-8b-a1b": "LFM2-8B-A1B.jinja", "lfm2.5-8b-a1b": "LFM2.5-8B-A1B.jinja", "lfm2.5-instruct": "LFM2.5-Instruct.jinja" };
const bundle = fileURLToPath(new URL("../bench/node_modules/node-llama-cpp/llama/gitRelease.bundle", import.meta.url));

/** The models' own templates by group of cases, from the folder LFM_TEMPLATES or the llama.cpp sources that bench/ installs; undefined without either. */
export function genuineTemplates(): Record<string, string> | undefined {
  const folder = process.env["LFM_TEMPLATES"];
  if (folder !== undefined) {
    return Object.fromEntries(Object.entries(GENUINE).map(([group, file]) => [group, readFileSync(join(folder, file), "utf8")]));
  }
  if (!existsSync(bundle)) return undefined;
  const repository = mkdtempSync(join(tmpdir(), "lfm-edge-templates-"));
  const git = (...args: string[]): string => execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" });
  try {
    git("init", "--quiet", "--bare");
    git("fetch", "--quiet", bundle, "HEAD");
    return Object.fromEntries(Object.entries(GENUINE).map(([group, file]) => [group, git("show", `FETCH_HEAD:models/templates/${file}`)]));
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

/** Renders a case as it is; an error becomes its message in an object. */
export function renderCase(source: string, one: PromptCase, marks: Marks): string | { error: string } {
  // The files were made with reasoning copied to the one name that templates read.
  const messages = one.messages.map((message) => ({ ...("reasoning" in message ? { thinking: message["reasoning"] } : {}), ...message }));
  const variables = { ...one.kwargs, messages, tools: one.tools, add_generation_prompt: one.add_generation_prompt };
  try {
    const bos = new TrustedText("<|startoftext|>");
    const text = compileTemplate(source).render({ ...variables, bos_token: bos }, { now: new Date(`${one.strftime}T00:00:00Z`), marks });
    return marks.strip(text);
  } catch (error) {
    return { error: String(error) };
  }
}

/** The tiny models' tokenizer: LFM2's control tokens, tool responses included. */
export const smallVocabulary = async (): Promise<Tokenizer> => createTokenizer(await fixtureMetadata("tiny-moe-Q4_0.gguf"));

/** Control tokens as in the vocabulary of 128 000: no tool responses. */
export function largeVocabulary(): Tokenizer {
  const control = "pad startoftext endoftext im_start im_end tool_list_start tool_list_end tool_call_start tool_call_end";
  const metadata = madeUpMetadata({
    control: control.split(" ").map((name) => `<|${name}|>`),
    userDefined: ["<think>", "</think>", "<image>"],
  });
  metadata.set("tokenizer.ggml.padding_token_id", 0);
  metadata.set("tokenizer.ggml.bos_token_id", 1);
  metadata.set("tokenizer.ggml.eos_token_id", 4);
  return createTokenizer(metadata);
}
