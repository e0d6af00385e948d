#!/usr/bin/env node
/** lfm-edge: finds the command, and says in one line what went wrong with it. */
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { checkArguments } from "./check-arguments.ts";
import { EXIT, explain, UsageError } from "./errors.ts";

interface CommandModule {
  // Each command has arguments of its own; citty's own table of subcommands is typed so too.
  readonly default: CommandDef<any>;
  readonly examples: readonly string[];
}

const name = "lfm-edge";
// Each is read only when it runs, so that every command starts quickly.
const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  chat: () => import("./commands/chat.ts"),
  run: () => import("./commands/run.ts"),
  serve: () => import("./commands/serve.ts"),
  key: () => import("./commands/key.ts"),
  inspect: () => import("./commands/inspect.ts"),
  tokenize: () => import("./commands/tokenize.ts"),
  template: () => import("./commands/template.ts"),
  eval: () => import("./commands/eval.ts"),
  "parse-reply": () => import("./commands/parse-reply.ts"),
};

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // the reader has what it wants, as `head` does
  console.error(`${name}: ${explain(error).line}`);
  process.exit(EXIT.failed);
});
process.stderr.on("error", () => undefined); // who read the log has left; what runs goes on
try {
  await main(process.argv.slice(2));
} catch (error) {
  const { line, code } = explain(error);
  const help = [name, ...(Object.hasOwn(commands, process.argv[2] ?? "") ? [process.argv[2]] : []), "--help"].join(" ");
  if (process.env["LFM_DEBUG"]) console.error(error);
  else if (line !== undefined) console.error(`${name}: ${line}${code === EXIT.usage ? `; see ${help}` : ""}`);
  process.exitCode = code;
}

async function main([first, ...rest]: string[]): Promise<void> {
  if (first === "--version" || first === "-v") return print(version());
  if (first === "help" && rest.length === 1) return main([rest[0]!, "--help"]);
  if (first === "help" || first === "--help" || first === "-h") return print(await overview());
  if (first === undefined) throw new UsageError("no command was given");
  const open = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (!open) throw new UsageError(`unknown ${first.startsWith("-") ? "flag" : "command"} ${JSON.stringify(first)}`);
  const { default: command, examples } = await open();
  const flags = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : rest.length);
  if (flags.includes("--help") || flags.includes("-h")) return print(await usage(command, examples));
  const { values, rawArgs } = checkArguments(rest, command.args as ArgsDef);
  await runCommand(command, { rawArgs, data: values });
}

async function overview(): Promise<string> {
  const subCommands = Object.fromEntries(Object.entries(commands).map(([command, open]) => [command, async () => (await open()).default]));
  const root = defineCommand({
    meta: { name, version: version(), description: "LFM2 and LFM2.5 models on WebAssembly SIMD" },
    subCommands,
  });
  return usage(root, [`${name} chat`, `${name} run model.gguf -p "Why is the sky blue?"`, `${name} serve model.gguf --port 8080`], false);
}

async function usage(command: CommandDef<any>, examples: readonly string[], child = true): Promise<string> {
  const text = await renderUsage(command, child ? defineCommand({ meta: { name } }) : undefined);
  return `${text.trimEnd()}\n\nEXAMPLES\n\n${examples.map((example) => `  ${example}`).join("\n")}`;
}

function print(text: string): void {
  const lines = text.split("\n").map((line) => line.trimEnd()); // citty fills columns up
  console.log(process.stdout.isTTY ? lines.join("\n") : stripVTControlCharacters(lines.join("\n")));
}

function version(): string {
  const file = new URL(/\/dist\/cli\/[^/]+$/.test(import.meta.url) ? "../../package.json" : "../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
