/** The built server in each runtime, on the embedded model and a free port of this machine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultModel } from "../../worker/default-model.ts";
import { startRangeServer } from "../range-server.ts";
import { bundleForWorkerd, quietWrangler, wrangler } from "./bundle.ts";
import { node20 } from "./node20.ts";
import { type Ended, installed, node24, Process, root } from "./processes.ts";

export interface Server {
  readonly url: string;
  readonly stop: () => Promise<Ended>;
}

export interface Runtime {
  readonly name: string;
  readonly start: () => Promise<Server>;
  /** Whether the server is ours to end: with 0, when it is told to. */
  readonly endsItself: boolean;
  /**
   * How it sees a client leave that nothing was sent to yet. workerd takes a connection that the client has closed for half closed, until it
   * is reset; the proxy that `wrangler dev` puts before it does not pass even that on.
   */
  readonly seesLeaving: "closed" | "reset" | "never";
}

const { PATH, HOME } = process.env;
const freePort = { PATH, HOME, HOST: "127.0.0.1", PORT: "0", LFM_GRACE: "1" };

async function serverOf(process: Process, url = /at (http:\/\/\S+)/): Promise<Server> {
  try {
    return { url: await process.printed(url), stop: () => process.stop() };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

const startNode = (command: string): Promise<Server> =>
  serverOf(new Process({ command, args: ["dist/cli/main.js", "serve", "--quiet"], env: freePort }));

/** With the permissions that worker/deno.ts names, and no others. */
export function deno(settings: NodeJS.ProcessEnv): Process {
  const args = [
    "run",
    "--no-prompt",
    "--no-remote",
    "--unstable-no-legacy-abort",
    "--allow-env=HOST,PORT,LFM_*",
    "--allow-net=127.0.0.1",
    "--allow-read=dist,models,test/fixtures",
    "dist/worker/deno.js",
  ];
  return new Process({
    command: installed(".bin/deno"),
    args,
    env: { ...freePort, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...settings },
  });
}

function temporary(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "lfm-edge-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function startWranglerDev(...settings: string[]): Promise<Server> {
  const { folder, remove } = temporary();
  const flags = [
    "--ip=127.0.0.1",
    "--port=0",
    "--inspector-port=0",
    `--persist-to=${folder}/state`,
    "--show-interactive-dev-session=false",
  ];
  const dev = new Process({ command: node24, args: [wrangler, "dev", ...flags, ...settings], env: quietWrangler(folder) });
  const { url, stop } = await serverOf(dev, /Ready on (http:\/\/\S+)/);
  return { url, stop: () => stop().finally(remove) };
}

/** As wrangler.toml has it, where capnp writes values the same way. */
function setting(name: string): string {
  const value = new RegExp(`^${name} = (.+)$`, "m").exec(readFileSync(join(root, "wrangler.toml"), "utf8"))?.[1];
  if (value === undefined) throw new Error(`wrangler.toml has no ${name}`);
  return value;
}

/** The bundle that would be deployed, without wrangler around it; the model comes over HTTP. */
async function startWorkerd(): Promise<Server> {
  const { folder, remove } = temporary();
  const models = await startRangeServer(new Map([["model.gguf", readFileSync(defaultModel())]]));
  const { main, kernels } = await bundleForWorkerd(folder);
  mkdirSync(join(folder, "objects"));
  const modules = [
    `(name = "${main}", esModule = embed "${main}")`,
    ...kernels.map((name) => `(name = "${name}", wasm = embed "${name}")`),
  ];
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .app),
    (name = "internet", network = (allow = ["private"])),
    (name = "objects", disk = (path = "${folder}/objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${setting("compatibility_date")},
  compatibilityFlags = ${setting("compatibility_flags")},
  bindings = [
    (name = "MODEL", durableObjectNamespace = "ModelObject"),
    (name = "MODEL_URL", text = "${models.url}model.gguf"),
  ],
  durableObjectNamespaces = [(className = "ModelObject", uniqueKey = "model", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
`,
  );
  const serve = new Process({ command: installed("workerd/bin/workerd"), args: ["serve", join(folder, "config.capnp"), "--control-fd=1"] });
  const { url: port, stop } = await serverOf(serve, /"socket":"http","port":(\d+)/);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = await stop();
      await models[Symbol.asyncDispose]();
      remove();
      return ended;
    },
  };
}

export const runtimes: readonly Runtime[] = [
  { name: "Node 24", start: () => startNode(node24), endsItself: true, seesLeaving: "closed" },
  { name: "Node 20", start: async () => startNode(await node20()), endsItself: true, seesLeaving: "closed" },
  { name: "Deno", start: () => serverOf(deno({})), endsItself: true, seesLeaving: "closed" },
  { name: "wrangler dev", start: () => startWranglerDev(), endsItself: false, seesLeaving: "never" },
  { name: "workerd", start: startWorkerd, endsItself: false, seesLeaving: "reset" },
];
