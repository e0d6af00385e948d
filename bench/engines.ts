/** Who is measured: this engine in its modes and runtimes, and its peers. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Setup } from "./engines/serve.ts";

export interface Engine {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly setup: Pick<Setup, "kernels" | "paired">;
  /** With one number of threads only, but for `--full`: its bars, if it has any, are ratios that threads change little. */
  readonly once?: true;
  /** Where it is not: what to do. */
  readonly missing?: string;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const ours = here("engines/lfm-edge.ts");
const unpaired = { kernels: "auto", paired: false } as const;
const node22 = here("node_modules/node22/bin/node");
const bun = here("node_modules/.bin/bun");
const deno = here("../node_modules/.bin/deno");
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export const NATIVE = "llama.cpp"; // ratios are to this one

export const engines: readonly Engine[] = [
  { name: "paired", command: [process.execPath, ours], setup: { kernels: "auto", paired: true } },
  { name: "unpaired", command: [process.execPath, ours], setup: unpaired },
  { name: "plain", command: [process.execPath, ours], setup: { kernels: "plain", paired: false }, once: true },
  { name: "node22", command: [node22, ours], setup: unpaired, once: true, ...missing(node22) },
  { name: "deno", command: [deno, "run", "--allow-all", "--no-remote", ours], setup: unpaired, once: true, ...missing(deno) },
  { name: "bun", command: [bun, ours], setup: unpaired, once: true, ...missing(bun) },
  { name: NATIVE, command: [process.execPath, here("engines/llama-cpp.ts")], setup: unpaired },
  { name: `${NATIVE}-avx2`, command: [process.execPath, here("engines/llama-cpp.ts"), "avx2"], setup: unpaired },
  {
    name: "wllama",
    command: [process.execPath, here("engines/wllama.ts"), chromium ?? ""],
    setup: unpaired,
    ...(chromium === undefined && { missing: "no Chromium is installed" }),
  },
];

function missing(path: string): { missing?: string } {
  return existsSync(path) ? {} : { missing: `there is no ${path}` };
}
