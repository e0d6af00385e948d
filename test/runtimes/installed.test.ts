/** The package as npm installs it, on the oldest Node it runs on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load } from "../../src/index.ts";
import { defaultModel } from "../../worker/default-model.ts";
import { node20 } from "./node20.ts";
import { Process, run } from "./processes.ts";

const model = fileURLToPath(defaultModel());
const greedy = { temperature: 0, maxTokens: 16 };
const question = "Sort 42, 7, 19";

let folder: string;
let node: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lfm-edge-installed-"));
  node = await node20();
  const packed = await run({
    command: "npm",
    args: ["pack", "--json", "--loglevel=error", "--ignore-scripts", "--pack-destination", folder],
  });
  const tarball = /"filename": "([^"]+)"/.exec(packed)![1]!;
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  await run({
    command: "npm",
    args: ["install", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund", join(folder, tarball)],
    cwd: folder,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Node 20 alone: what it starts must find no other. */
const on20 = (...args: string[]): Process =>
  new Process({ command: node, args, cwd: folder, env: { HOME: folder, PATH: `${dirname(node)}:/usr/bin:/bin` } });
const command = (...args: string[]): Process => on20("node_modules/.bin/lfm-edge", ...args);

describe("the installed package on Node 20", () => {
  it("loads, chats and closes, with the same reply as here", async () => {
    const script = `
      import { load } from "lfm-edge";
      import { parseReply } from "lfm-edge/chat";
      import { createApp } from "lfm-edge/server";
      const model = await load(${JSON.stringify(model)});
      const { content } = await model.chat([{ role: "user", content: ${JSON.stringify(question)} }], ${JSON.stringify(greedy)});
      const { status } = await createApp({ models: model }).request("http://local/health");
      await model.close();
      console.log(JSON.stringify([process.versions.node, model.info.kernels, parseReply(content).content, status]));
    `;
    const { code, output } = await on20("--input-type=module", "--eval", script).ended();
    expect(code, output).toBe(0);
    await using here = await load(model);
    const { content } = await here.chat([{ role: "user", content: question }], greedy);
    expect(JSON.parse(output)).toEqual([expect.stringMatching(/^20\./), "plain", content, 200]);
  });

  it("has a command", async () => {
    expect(await command("run", model, "-p", question, "--quiet", "--temperature", "0", "-n", "8").ended()).toMatchObject({ code: 0 });
    const help = await command("--help").ended();
    expect([help.code, help.output]).toEqual([0, expect.stringContaining("serve")]);
  });

  it("answers with the model that comes with it where none is named", async () => {
    const { code, output } = await command("run", "-p", "Hello!", "--quiet").ended();
    expect([code, output]).toEqual([0, "Hello! How can I help you?\n"]);
  });
});
