/** The oldest Node that the package runs on: the machine's own where it is that, else the one from npm, kept in .runtimes/. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run } from "./processes.ts";

const installed = join(root, ".runtimes/node20");

let found: Promise<string> | undefined;

export function node20(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  const inPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const binary = join(installed, "node_modules/node/bin/node");
  for (const candidate of [...inPath, binary]) if (is20(candidate)) return candidate;
  await run({ command: "npm", args: ["install", "--prefix", installed, "--no-save", "--no-audit", "--no-fund", "node@20"] });
  if (!is20(binary)) throw new Error(`${binary} is not Node 20`);
  return binary;
}

function is20(binary: string): boolean {
  return existsSync(binary) && spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout.startsWith("v20.");
}
