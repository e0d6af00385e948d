/** lfm-edge serve: OpenAI's and Anthropic's APIs over HTTP. */
import { basename } from "node:path";
import { defineCommand } from "citty";
import type { LogEntry, Model } from "../../src/types.ts";
import { logLine } from "../../worker/log.ts";
import { environment, readSettings, refusePublic, type SettingName } from "../../worker/settings.ts";
import { EXIT } from "../errors.ts";
import { readText } from "../files.ts";
import { modelPath, openModel } from "../open.ts";
import { loadOptions, modelArg, modelArgs, quietArg } from "../options.ts";

export const examples = [
  "lfm-edge serve",
  "lfm-edge serve model.gguf --host 0.0.0.0 --port 8000 --keys keys.json --log json",
  "HOST=0.0.0.0 PORT=8000 LFM_MODEL=model.gguf LFM_API_KEY=secret lfm-edge serve",
];

/** What each flag sets; without the flag, the environment does. */
const FLAGS = {
  host: "HOST",
  port: "PORT",
  parallel: "LFM_PARALLEL",
  "api-key": "LFM_API_KEY",
  keys: "LFM_KEYS",
  "public-without-key": "LFM_PUBLIC_WITHOUT_KEY",
  cors: "LFM_CORS",
  log: "LFM_LOG",
  grace: "LFM_GRACE",
  "max-queue": "LFM_MAX_QUEUE",
  "requests-per-minute": "LFM_REQUESTS_PER_MINUTE",
  "tokens-per-minute": "LFM_TOKENS_PER_MINUTE",
} as const satisfies Record<string, SettingName>;

export default defineCommand({
  meta: { name: "serve", description: "Serve OpenAI's and Anthropic's APIs over HTTP" },
  args: {
    ...modelArg,
    host: { type: "string", valueHint: "ADDRESS", description: "Where to listen; default: HOST, else 127.0.0.1" },
    port: { type: "string", valueHint: "PORT", description: "0 takes a free one; default: PORT, else 8080" },
    parallel: { type: "string", valueHint: "N", description: "Replies at once; default: LFM_PARALLEL, else 4" },
    "api-key": {
      type: "string",
      valueHint: "KEY",
      description: "Only answer who sends this key, plain or as sha256:HEX; default: LFM_API_KEY",
    },
    keys: {
      type: "string",
      valueHint: "FILE",
      description: "Only answer who sends one of these keys (docs/serving.md); default: LFM_KEYS",
    },
    "public-without-key": { type: "boolean", description: "Answer everybody, where others can reach this machine" },
    "requests-per-minute": { type: "string", valueHint: "N", description: "Of each client; default: any number" },
    "tokens-per-minute": { type: "string", valueHint: "N", description: "Of each client, prompts and replies; default: any number" },
    "max-queue": { type: "string", valueHint: "N", description: "Requests that may wait; default: 100" },
    cors: { type: "string", valueHint: "ORIGINS", description: "Origins whose pages may ask, with commas between them, or *" },
    log: { type: "string", valueHint: "FORMAT", description: "A line on stderr for each request: json or text" },
    grace: { type: "string", valueHint: "SECONDS", description: "For running replies to end when the server does; default: 25" },
    ...modelArgs,
    ...quietArg,
  },
  async run({ args }) {
    const given = environment((name) => process.env[name]);
    const settings = await readSettings((name) => {
      const flag = Object.entries(FLAGS).find(([, setting]) => setting === name)?.[0] as keyof typeof FLAGS | undefined;
      const value = flag && args[flag];
      if (value === undefined || value === false) return given(name);
      return { value: value === true ? "1" : value, from: `--${flag}` };
    }, readText);
    refusePublic(settings);
    const path = modelPath(args.model ?? settings.model);
    const [loading, { serve }] = await Promise.all([loadOptions(args), import("../../worker/node.ts")]);
    const stopping = stopSignal();

    // It listens first: whoever looks at its health sees how far loading is.
    let load: (model: Promise<Model>) => void = () => undefined;
    const promised = new Promise<Model>((resolve) => {
      load = resolve;
    });
    promised.catch(() => undefined);
    let progress = { loaded: 0, total: 0 };
    const { log, hostname, port, graceMs } = settings;
    const server = await serve({
      ...settings.app,
      models: promised,
      loading: () => progress,
      hostname,
      port,
      ...(log && { log: (entry) => console.error(logLine(entry as LogEntry, log)) }),
    });
    if (!args.quiet) console.error(`loading ${basename(path)} for ${server.url}`);
    const options = { ...loading, ...(settings.maxSequences !== undefined && { maxSequences: settings.maxSequences }), signal: stopping };
    const opening = openModel(path, options, args, ({ loaded, total }) => {
      progress = { loaded, total };
    });
    load(opening);
    try {
      await using model = await opening;
      console.log(`${model.info.id} at ${server.url}`);
      if (!stopping.aborted) await new Promise((resolve) => stopping.addEventListener("abort", resolve));
      await server.close(graceMs);
    } catch (error) {
      await server.close(0);
      if (!stopping.aborted) throw error;
    }
  },
});

/** Aborts at Ctrl-C and SIGTERM; a second one ends the program where it stands. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const [signal, code] of [
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", 0],
  ] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(code);
      process.exitCode = code;
      stopping.abort(new Error("stopped while loading"));
    });
  }
  return stopping.signal;
}
