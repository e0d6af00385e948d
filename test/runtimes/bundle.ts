/** What `wrangler deploy` would upload. */
import { readdirSync } from "node:fs";
import { installed, node24, run } from "./processes.ts";

export const wrangler = installed("wrangler/bin/wrangler.js");

/** Nothing is asked for on the terminal or looked up on the network, and what is left behind lies in a folder of the test's. */
export const quietWrangler = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true", // and no look for a newer version
  WRANGLER_SEND_METRICS: "false",
});

/** The names of the files in `folder`, which was empty. */
export async function bundleForWorkerd(folder: string): Promise<{ main: string; kernels: string[]; output: string }> {
  const output = await run({ command: node24, args: [wrangler, "deploy", "--dry-run", "--outdir", folder], env: quietWrangler(folder) });
  return { main: "cloudflare.js", kernels: readdirSync(folder).filter((name) => name.endsWith(".wasm")), output };
}
