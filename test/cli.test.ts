/** The command line, as its users see it: what is printed where, and how it ends. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtInTemplates } from "../src/chat/built-in-templates.ts";
import { load, type Model } from "../src/index.ts";
import { builtInOf, promptCases } from "./chat-fixtures.ts";
import { type Ended, lfm, start } from "./cli-process.ts";
import { startRangeServer } from "./range-server.ts";
import { divergence, goldenFiles } from "./engine-fixtures.ts";
import { ggufBytes, value } from "./gguf-bytes.ts";
import { fixture } from "./tokenizer-fixtures.ts";

const path = fileURLToPath(fixture("tiny-moe-Q4_0.gguf"));
const golden = goldenFiles.find(({ file }) => path.endsWith(file))!;
const folder = mkdtempSync(join(tmpdir(), "lfm-edge-cli-"));
const put = (name: string, content: string | Uint8Array | object): string => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content));
  return file;
};
const commands = ["chat", "run", "serve", "key", "inspect", "tokenize", "template", "eval", "parse-reply"];
/** Counts on to the end of the context. */
const endless = ["--temperature", "0", "--repetition-penalty", "0.5"];
const counting = "1 2 3 4 5 6 7";
const bare = put("bare.jinja", "{{ messages[-1].content }}");
const WHOLE = 4000; // tokens of a reply that nothing ends
/** From a signal to the end of a process: some tens of ms, on a busy machine seconds. A connection kept alive takes 5 s. */
const PROMPT_MS = 4500;

const decoded = (stats: string): number => Number(/decode (\d+) tokens/.exec(stats)?.[1]);

let model: Model;
beforeAll(async () => {
  model = await load(path);
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});

function expectFailure({ code, stdout, stderr }: Ended, expected: number, line: RegExp): void {
  expect(stderr).toMatch(/^lfm-edge: [^\n]+\n$/);
  expect(stderr).toMatch(line);
  expect([stdout, code]).toEqual(["", expected]);
}

describe.concurrent("help", () => {
  it.each(commands)("of %s", async (command) => {
    const { code, stdout, stderr } = await lfm([command, "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`USAGE lfm-edge ${command}`);
    expect(stdout).toMatch(new RegExp(`EXAMPLES\n\n.*lfm-edge ${command}`));
  });

  it("of all of it, and the version", async () => {
    const [all, asked, version] = await Promise.all([lfm(["--help"]), lfm(["help"]), lfm(["--version"])]);
    expect([all.code, asked]).toEqual([0, all]);
    for (const command of commands) expect(all.stdout).toMatch(new RegExp(`^ +${command} +[A-Z]`, "m"));
    const { version: own } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
    expect(version).toEqual({ code: 0, stdout: `${own}\n`, stderr: "" });
  });
});

describe.concurrent("bad usage is one line and 2", () => {
  it.each<[RegExp, string[]]>([
    [/no command was given; see lfm-edge --help/, []],
    [/unknown command "foo"; see lfm-edge --help/, ["foo"]],
    [/unknown flag --bogus; see lfm-edge run --help/, ["run", path, "--bogus"]],
    [/unexpected argument "c"/, ["tokenize", path, "b", "c"]],
    [/TEXT is missing/, ["tokenize", path]],
    [/the prompt is empty/, ["run", path, "-p", " \n"]],
    [/either -p or -f/, ["run", path, "-p", "a", "-f", "b"]],
    [/--top-p must be above 0 and at most 1, not 2;/, ["run", path, "-p", "a", "--top-p", "2"]],
    [/--ctx must be a whole number from 1 to 4096, not 0;/, ["run", path, "-p", "a", "--ctx", "0"]],
    [/--raw takes neither/, ["run", path, "-p", "a", "--raw", "--system", "b"]],
    [/either --ids or -f/, ["eval", path]],
    [/--ids must be token ids/, ["eval", path, "--ids", "1,x"]],
    [/the port must be from 0 to 65535/, ["serve", path, "--port", "99999"]],
    [/Cannot serve on 0\.0\.0\.0 without a key, .*LFM_PUBLIC_WITHOUT_KEY/, ["serve", path, "--host", "0.0.0.0"]],
    [/Cannot serve on :: without a key/, ["serve", path, "--host", "::"]],
    [/--log must be json or text/, ["serve", path, "--log", "xml"]],
    [/--max-queue must be a whole number from 0 up, not "many"/, ["serve", path, "--max-queue", "many"]],
    [/the API key of --api-key must not have spaces/, ["serve", path, "--api-key", "two words"]],
    [/--keys: the list\[0\]: .*"rpm"/, ["serve", path, "--port", "0", "--keys", put("wrong-keys.json", [{ key: "secret", rpm: 1 }])]],
    [/the keys of --keys must be a list/, ["serve", path, "--keys", "package.json"]],
    [/the keys of --keys are not valid JSON/, ["serve", path, "--keys", "README.md"]],
  ])("%s: %j", async (line, args) => expectFailure(await lfm(args), 2, line));
});

describe.concurrent("what fails is one line and 1", () => {
  const other = put("llama.gguf", ggufBytes({ metadata: { "general.architecture": value.string("llama") } }));
  const conversation = put("conversation.json", { messages: [{ role: "wizard", content: "hi" }] });
  it.each<[RegExp, string[]]>([
    [/Cannot open no\/such\.gguf: there is no such file/, ["run", "no/such.gguf", "-p", "a"]],
    [/Cannot open no\/such\.gguf: there is no such file/, ["serve", "no/such.gguf", "--port", "0"]],
    [/Cannot open test: it is a directory/, ["chat", "test"]],
    [/package\.json.* not GGUF/, ["eval", "package.json", "--ids", "1"]],
    [/package\.json.* not GGUF/, ["tokenize", "package.json", "a"]],
    [/llama/, ["run", other, "-p", "a"]],
    [/llama/, ["inspect", other]],
    [/the text has \d+ tokens, the context 8; shorten it, or pass a larger --ctx/, ["run", path, "-p", counting, "--ctx", "8"]],
    [/token 5000 is not in the vocabulary of 1024/, ["eval", path, "--ids", "5000"]],
    [/Cannot read no\.txt: there is no such file/, ["run", path, "-f", "no.txt"]],
    [/Cannot read no\.json: there is no such file/, ["serve", path, "--keys", "no.json"]],
    [/it is not UTF-8 text/, ["run", path, "-f", path]],
    [/expected a list of tools/, ["run", path, "-p", "a", "--tools", "package.json"]],
    [/expected \{ "messages"/, ["template", path, "package.json"]],
    [/messages\[0\]\.role is "wizard"/, ["template", path, conversation, "--normalize"]],
    [/Cannot write no\/such\/logits/, ["eval", path, "--ids", "1", "--logits", "no/such/logits"]],
  ])("%s: %j", async (line, args) => expectFailure(await lfm(args), 1, line));
});

describe.concurrent("run", () => {
  const sampled = ["--temperature", "1", "--top-k", "40", "--seed", "5", "-n", "24"];
  const options = { temperature: 1, topK: 40, seed: 5, maxTokens: 24 };
  const message = [{ role: "user" as const, content: "Mina found" }];

  it("prints the library's own reply, the same for the same seed; its speed goes to stderr", async () => {
    const prompt = put("prompt.txt", "Mina found");
    const [typed, filed, piped, json] = await Promise.all([
      lfm(["run", path, "-p", "Mina found", ...sampled]),
      lfm(["run", path, "-f", prompt, "-q", ...sampled]),
      lfm(["run", path, "--quiet", ...sampled], "Mina found"),
      lfm(["run", path, "-p", "Mina found", "--json", ...sampled]),
    ]);
    const { content, reasoning, toolCalls, finishReason, usage } = await model.chat(message, options);
    const calls = toolCalls.map(({ name, arguments: given }) => `${JSON.stringify({ name, arguments: given })}\n`).join("");
    expect(typed.stdout).toBe((content === "" ? "" : `${content}\n`) + calls);
    expect(typed.stderr).toMatch(/^prefill \d+ tokens, [\d.]+ tok\/s · decode \d+ tokens, [\d.]+ tok\/s\n$/);
    for (const { code, stdout, stderr } of [filed, piped]) expect([code, stdout, stderr]).toEqual([0, typed.stdout, ""]);
    const { promptTokens, completionTokens } = usage;
    const said = toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given }));
    expect(JSON.parse(json.stdout)).toMatchObject({
      content,
      reasoning,
      toolCalls: said,
      finishReason,
      usage: { promptTokens, completionTokens },
    });
    expect([json.code, json.stderr]).toEqual([0, ""]);
  });

  it("has tools, a system message and stop strings", async () => {
    const tool = { name: "get_time", parameters: { type: "object", properties: { city: { type: "string" } } } };
    const tools = put("tools.json", [tool]); // bare; OpenAI's form is a tool's own
    const system = "You know the time.";
    const [called, stopped] = await Promise.all([
      lfm(["run", path, "-p", "What time is it in Tokyo?", "--tools", tools, "--system", system, "--temperature", "0", "--json"]),
      lfm(["run", path, "-p", counting, "--raw", "--stop", "10", "--stop", "x", "-q", ...endless]),
    ]);
    const messages = [
      { role: "system" as const, content: system },
      { role: "user" as const, content: "What time is it in Tokyo?" },
    ];
    const own = await model.chat(messages, { temperature: 0, tools: [{ type: "function", function: tool }] });
    expect(own.finishReason).toBe("tool_calls");
    const { toolCalls, finishReason } = JSON.parse(called.stdout) as typeof own;
    expect([finishReason, toolCalls.map(({ name, arguments: given }) => [name, given])]).toEqual([
      "tool_calls",
      own.toolCalls.map(({ name, arguments: given }) => [name, given]),
    ]);
    expect(stopped).toEqual({ code: 0, stdout: ", 8, 9, \n", stderr: "" });
  });

  it("ends at Ctrl-C with 130, and what was said stays", async () => {
    const running = start(["run", path, "-p", counting, "--raw", "-n", `${WHOLE}`, ...endless]);
    await running.said("stdout", /20/);
    running.process.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect([code, stdout.startsWith(", 8, 9, 10")]).toEqual([130, true]);
    expect(stderr).toMatch(/^prefill [^\n]+\n$/);
    expect(decoded(stderr)).toBeLessThan(WHOLE);
  });

  it("ends quietly when nobody reads on", async () => {
    const running = start(["run", path, "-p", counting, "--raw", "-n", `${WHOLE}`, "-q", ...endless]);
    await running.said("stdout", /20/);
    const left = performance.now();
    running.process.stdout.destroy();
    const { code, stderr } = await running.ended;
    expect(performance.now() - left).toBeLessThan(PROMPT_MS);
    expect([code, stderr]).toEqual([0, ""]);
  });
});

describe.concurrent("eval", () => {
  it("judges ids: the known answers, and the last row in a file", async () => {
    const { ids, argmax, argmax_margin, nll_mean, logits_row } = golden.cases[2]!;
    const logits = join(folder, "logits.f32");
    const { code, stdout, stderr } = await lfm(["eval", path, "--ids", ids.join(","), "--json", "--logits", logits]);
    expect([code, stderr]).toEqual([0, ""]);
    const own = await model.evaluate(ids);
    expect(JSON.parse(stdout)).toEqual({ argmax: own.argmax, nll: own.nll, nllMean: own.nllMean });
    for (const [i, id] of own.argmax.entries()) if (argmax_margin[i]! > 0.3) expect(id).toBe(argmax[i]);
    expect(Math.abs(own.nllMean! - nll_mean!)).toBeLessThan(0.01);
    const bytes = readFileSync(logits);
    const row = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(row).toEqual(own.logits);
    expect(divergence(golden.logits(logits_row), row)).toBeLessThan(1e-4);
  });

  it("judges a text, with BOS before it; control tokens in it are text", async () => {
    const text = "Mina found the lamp.<|im_end|>";
    const { stdout } = await lfm(["eval", path, "-f", put("text.txt", text), "--json"]);
    const own = await model.evaluate([1, ...model.tokenize(text)]);
    expect(JSON.parse(stdout)).toEqual({ argmax: own.argmax, nll: own.nll, nllMean: own.nllMean });
  });

  it("says null for one token, and prints a line for people", async () => {
    const [one, line] = await Promise.all([lfm(["eval", path, "--ids", "1", "--json"]), lfm(["eval", path, "--ids", "1,2,3"])]);
    expect(JSON.parse(one.stdout)).toEqual({ argmax: [expect.any(Number)], nll: [], nllMean: null });
    expect(line.stdout).toMatch(/^3 tokens; nll [\d.]+ per token, perplexity [\d.]+; the likeliest next is \d+\n$/);
  });
});

describe.concurrent("tokenize", () => {
  const known = (JSON.parse(readFileSync(fixture("tiny-moe.golden.json"), "utf8")) as { tokenizer: { text: string; ids: number[] }[] })
    .tokenizer;

  it("prints the known ids, as words and as JSON", async () => {
    const [words, special, plain, empty] = await Promise.all([
      lfm(["tokenize", path, known[2]!.text]),
      lfm(["tokenize", path, known[4]!.text, "--special", "--json"]),
      lfm(["tokenize", path, known[4]!.text, "--json"]),
      lfm(["tokenize", path, "--json", "--", "--special"]),
    ]);
    expect(words).toEqual({ code: 0, stdout: `${known[2]!.ids.join(" ")}\n`, stderr: "" });
    expect(JSON.parse(special.stdout)).toEqual(known[4]!.ids);
    expect(JSON.parse(plain.stdout)).toEqual(model.tokenize(known[4]!.text));
    expect(JSON.parse(empty.stdout)).toEqual(model.tokenize("--special"));
  });
});

describe.concurrent("template", () => {
  const judged = ["tool_call_and_result", "system_null_content", "unicode_everywhere", "parts_image_and_other"];
  const cases = promptCases.filter(
    ({ template, name }) => (template === "lfm2-8b-a1b" || template.includes("dated")) && judged.includes(name),
  );

  it.each(cases.map((one, i) => [one.template, one.name, i] as const))("%s, %s: as transformers renders it", async (_, __, i) => {
    const { template, messages, tools, add_generation_prompt, kwargs, strftime, expect: expected } = cases[i]!;
    const conversation = put(`conversation-${i}.json`, { messages, tools, add_generation_prompt, kwargs });
    const builtIn = builtInTemplates[builtInOf[template]!];
    const own = template === "lfm2-8b-a1b" ? [] : ["--chat-template", put(`template-${i}.jinja`, builtIn)];
    const result = await lfm(["template", path, conversation, "--date", strftime, ...own]);
    if (typeof expected === "string") expect(result).toEqual({ code: 0, stdout: expected, stderr: "" });
    else expectFailure(result, 1, /./);
  });

  it("with --normalize prints what the model reads in a chat, also as ids", async () => {
    const { messages, tools } = cases.find(({ name }) => name === "tool_call_and_result")!;
    const conversation = put("chat.json", { messages, tools });
    const { stdout } = await lfm(["template", path, conversation, "--normalize", "--json"]);
    const { text, ids } = JSON.parse(stdout) as { text: string; ids: number[] };
    expect(text).toBe(model.applyTemplate(messages as never, { tools: tools as never }));
    expect(text).toContain("<|tool_call_start|>[find_trains(");
    expect(model.detokenize(ids, { special: true })).toBe(text);
  });
});

describe.concurrent("inspect", () => {
  it("prints what is in a file, for people and as JSON", async () => {
    const [people, json] = await Promise.all([lfm(["inspect", path]), lfm(["inspect", path, "--json"])]);
    expect(people.stdout).toContain('"tiny-moe": lfm2moe, Q4_0, 5.12 M parameters, 3.94 M active per token\n');
    const found = JSON.parse(json.stdout) as { config: object; parameters: number; tensors: object[]; metadata: Record<string, unknown> };
    expect(found.config).toMatchObject({ architecture: "lfm2moe", hiddenSize: 256, nExperts: 6 });
    expect([found.parameters, found.tensors.length]).toEqual([model.info.parameters, 46]);
    expect(found.metadata).toMatchObject({ "general.name": "tiny-moe", "tokenizer.ggml.tokens": { length: 1024 } });
    expect([people.stderr, json.stderr]).toEqual(["", ""]);
  });
});

describe.concurrent("parse-reply", () => {
  const raw = `hm</think>Sure. <|tool_call_start|>[get_time(city="Seoul", days="3")]<|tool_call_end|>`;
  const tools = put("days.json", [
    { type: "function", function: { name: "get_time", parameters: { properties: { days: { type: "integer" } } } } },
  ]);
  const call = (days: unknown): object => ({ name: "get_time", arguments: { city: "Seoul", days } });

  it.each<[string[], string, object]>([
    [[], raw.slice(10), { content: "Sure.", reasoning_content: null, tool_calls: [call("3")] }],
    [["--tools", tools], raw.slice(10), { content: "Sure.", reasoning_content: null, tool_calls: [call(3)] }],
    [[], `<think>${raw}`, { content: "<think>hm</think>Sure.", reasoning_content: null, tool_calls: [call("3")] }],
    [["--reasoning"], `<think>${raw}`, { content: "Sure.", reasoning_content: "hm", tool_calls: [call("3")] }],
    [["--reasoning", "--prefill"], raw, { content: "Sure.", reasoning_content: "hm", tool_calls: [call("3")] }],
    [["--prefill"], raw, { content: "Sure.", reasoning_content: "hm", tool_calls: [call("3")] }],
    [[], "", { content: "", reasoning_content: null, tool_calls: [] }],
  ])("%j of %j", async (flags, input, expected) => {
    const { code, stdout, stderr } = await lfm(["parse-reply", ...flags], input);
    expect([code, stderr, JSON.parse(stdout)]).toEqual([0, "", expected]);
  });
});

describe.concurrent("chat", () => {
  it("answers each line of a pipe, and remembers", async () => {
    const { code, stdout, stderr } = await lfm(
      ["chat", path, "--temperature", "0", "-n", "16"],
      "Mina found\n\nAnd Yuki?\n/reset\n/nope\nMina found\n/exit\nnever\n",
    );
    const [first, second, unknown, third, ...rest] = stderr.trimEnd().split("\n");
    const promptOf = (line = ""): number => Number(/^prefill (\d+) tokens/.exec(line)?.[1]);
    expect(promptOf(second)).toBeGreaterThan(promptOf(first) + 5);
    expect([unknown, promptOf(third), rest]).toEqual(["unknown command /nope; /help lists them", promptOf(first), []]);
    const lines = stdout.trimEnd().split("\n");
    expect([code, lines.length, lines[0]]).toEqual([0, 3, lines[2]]);
  });

  it("stops the reply at Ctrl-C, not the program; at the prompt it leaves", async () => {
    const running = start(["chat", path, "--chat-template", bare, "-n", `${WHOLE}`, ...endless]);
    running.process.stdin.write(`${counting}\n`);
    await running.said("stdout", /20/);
    running.process.kill("SIGINT");
    const [stats] = await running.said("stderr", /decode \d+ tokens.*\n/);
    expect(decoded(stats)).toBeLessThan(WHOLE);
    running.process.stdin.write("Mina found\n");
    await running.said("stderr", /decode \d+ tokens.*\n.*decode \d+ tokens.*\n/);
    running.process.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    const [stopped, answered] = stdout.trimEnd().split("\n");
    expect([stopped?.startsWith(", 8, 9, 10"), answered?.startsWith(" ")]).toEqual([true, true]);
  });
});

describe.concurrent("key", () => {
  it("makes a key, and what a server keeps of it", async () => {
    const [{ code, stdout, stderr }, json, unnamed] = await Promise.all([
      lfm(["key", "--name", "alice"]),
      lfm(["key", "--name", "alice", "--json"]),
      lfm(["key", "--json"]),
    ]);
    const [key, record, ...rest] = stdout.trimEnd().split("\n");
    expect([code, rest]).toEqual([0, []]);
    expect(JSON.parse(record!)).toEqual({ name: "alice", key: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(stderr).toMatch(/--keys file/);
    const made = JSON.parse(json.stdout) as { key: string; record: { key: string } };
    expect([made.key, key]).toEqual([expect.stringMatching(/^lfm-[0-9a-f]{64}$/), expect.stringMatching(/^lfm-[0-9a-f]{64}$/)]);
    expect(made.key).not.toBe(key);
    expect(made.record.key).toBe(`sha256:${createHash("sha256").update(made.key).digest("hex")}`);
    expect(JSON.parse(unnamed.stdout)).toMatchObject({ record: { key: expect.any(String) } });
  });
});

describe.concurrent("serve", () => {
  const post = (url: string, body: object, key = "secret"): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: JSON.stringify(body) });
  const messages = [{ role: "user", content: "Mina found" }];
  const said = /^tiny-moe at (http:\/\/[^\s:]+:\d+)\n/;

  it("goes on when whoever read its log has left", async () => {
    const server = start(["serve", path, "--port", "0", "--log", "json"]);
    const [, url = ""] = await server.said("stdout", said);
    server.process.stderr.destroy();
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/health`)).status).toBe(200);
    server.process.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
  });

  it("says where it is, answers, and ends at Ctrl-C when the replies that run have ended", async () => {
    const server = start(["serve", path, "--port", "0", "--api-key", "secret"]);
    const [, url = ""] = await server.said("stdout", said);
    const answer = await post(url, { messages, temperature: 0, max_tokens: 8 });
    const { choices, model: id } = (await answer.json()) as { choices: { message: object }[]; model: string };
    expect([answer.status, id, choices.length]).toEqual([200, "tiny-moe", 1]);
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    // Said before a model is read.
    expectFailure(
      await lfm(["serve", "no/such.gguf", "--port", new URL(url).port]),
      1,
      /Cannot listen on 127\.0\.0\.1:\d+: the port is in use/,
    );

    const stream = await post(url, { messages, stream: true, ignore_eos: true, max_tokens: 300 });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read();
    server.process.kill("SIGINT");
    let text = "";
    for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value;
    expect(text).toContain('"finish_reason":"length"');
    expect(text).toMatch(/\[DONE\]\n\n$/);
    expect(await server.ended).toMatchObject({ code: 130, stderr: "" });
    await expect(post(url, { messages })).rejects.toThrow("fetch failed");
  });

  it("cuts replies that take longer than its grace, and says so in them", async () => {
    const server = start(["serve", path, "--port", "0", "--grace", "0"]);
    const [, url = ""] = await server.said("stdout", said);
    const stream = await post(url, { messages, stream: true, ignore_eos: true, max_tokens: WHOLE });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read();
    server.process.kill("SIGTERM");
    let text = "";
    for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value;
    expect(text).toMatch(/"code":"shutting_down"\}\}\n\n$/);
    expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("ends at once when it is told twice", async () => {
    const server = start(["serve", path, "--port", "0", "--grace", "3600"]);
    const [, url = ""] = await server.said("stdout", said);
    const stream = await post(url, { messages, n: 4, stream: true, ignore_eos: true, max_tokens: WHOLE });
    await stream.body!.getReader().read();
    server.process.kill("SIGTERM");
    // Told once: who comes is refused, who runs goes on.
    while ((await fetch(`${url}/health`).catch(() => undefined))?.status === 200);
    expect(server.process.exitCode).toBeNull();
    server.process.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("takes its settings from the environment, and ends at SIGTERM with 0", async () => {
    const server = start(["serve"], { HOST: "localhost", PORT: "0", LFM_API_KEY: "secret", LFM_MODEL: path, LFM_LOG: "json" });
    const [, url = ""] = await server.said("stdout", said);
    expect(url).toContain("localhost");
    expect((await post(url, { messages, max_tokens: 1 })).status).toBe(200);
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    server.process.kill("SIGTERM");
    const { code, stderr } = await server.ended;
    const lines = stderr.trimEnd().split("\n");
    expect([code, lines.map((line) => (JSON.parse(line) as { status: number }).status)]).toEqual([0, [200, 401]]);
    expect(JSON.parse(lines[0]!)).toMatchObject({ path: "/v1/chat/completions", model: "tiny-moe", completionTokens: 1 });
    expectFailure(await lfm(["serve"], "", { HOST: "0.0.0.0" }), 2, /Cannot serve on 0\.0\.0\.0 without a key/);
  });

  it("knows keys of a file, with limits of their own", async () => {
    const { key, record } = JSON.parse((await lfm(["key", "--json"])).stdout) as { key: string; record: object };
    const keys = put("keys.json", [{ ...record, name: "alice", requestsPerMinute: 1 }, { key: "plain" }]);
    const server = start([
      "serve",
      path,
      "--port",
      "0",
      "--host",
      "0.0.0.0",
      "--keys",
      keys,
      "--log",
      "text",
      "--requests-per-minute",
      "2",
    ]);
    const [, url = ""] = await server.said("stdout", said);
    const statuses: number[] = [];
    for (const given of [key, key, "plain", "plain", "plain", "other"]) {
      statuses.push((await post(url.replace("0.0.0.0", "127.0.0.1"), { messages, max_tokens: 1 }, given)).status);
    }
    expect(statuses).toEqual([200, 429, 200, 200, 429, 401]);
    server.process.kill("SIGTERM");
    const { stderr } = await server.ended;
    expect(stderr).toMatch(
      /^\S+Z 200 POST \/v1\/chat\/completions alice [\d.]+ ms tiny-moe \d+\+1 tokens, first after [\d.]+ ms(, queued [\d.]+ ms)?\n/,
    );
    expect(stderr).toMatch(/ 429 POST \/v1\/chat\/completions alice [\d.]+ ms rate_limit_exceeded\n/);
    expect(stderr).toMatch(/ 401 POST \/v1\/chat\/completions 127\.0\.0\.1 [\d.]+ ms invalid_api_key\n$/);
  });

  it("listens while it loads, and may be told to end", async () => {
    await using files = await startRangeServer(new Map([["slow.gguf", readFileSync(path)]]));
    files.faults.push(undefined, "stall");
    const server = start(["serve", `${files.url}slow.gguf`, "--port", "0"]);
    const [, url = ""] = await server.said("stderr", /^loading slow\.gguf for (http:\S+)\n/);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toEqual([503, { status: "loading", loaded: 0, total: expect.any(Number) }]);
    const answer = await post(url, { messages });
    expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toMatchObject([
      503,
      "5",
      { error: { code: "model_loading" } },
    ]);
    server.process.kill("SIGTERM");
    expect(await server.ended).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
