/** lfm-edge serve: OpenAI's chat API over HTTP. */
import { defineCommand } from "citty";
import { EXIT, UsageError } from "../errors.ts";
import { modelPath, openModel } from "../open.ts";
import { loadOptions, modelArg, modelArgs, quietArg } from "../options.ts";
import { parseWhole } from "../values.ts";

export const examples = [
  "lfm-edge serve",
  "lfm-edge serve model.gguf --host 0.0.0.0 --port 8000 --api-key secret",
  "HOST=0.0.0.0 PORT=8000 LFM_MODEL=model.gguf LFM_API_KEY=secret lfm-edge serve",
];

export default defineCommand({
  meta: { name: "serve", description: "Serve OpenAI's chat API over HTTP" },
  args: {
    ...modelArg,
    host: { type: "string", valueHint: "ADDRESS", description: "Where to listen; default: HOST, else 127.0.0.1" },
    port: { type: "string", valueHint: "PORT", description: "0 takes a free one; default: PORT, else 8080" },
    "api-key": { type: "string", valueHint: "KEY", description: "Only answer who sends this key; default: LFM_API_KEY, else everybody" },
    ...modelArgs,
    ...quietArg,
  },
  async run({ args }) {
    const { HOST, PORT, LFM_MODEL, LFM_API_KEY } = process.env;
    const port = parseWhole(args.port ?? (PORT || undefined), args.port === undefined ? "PORT" : "--port") ?? 8080;
    if (port < 0 || port > 65535) throw new UsageError(`the port must be from 0 to 65535, not ${port}`);
    const key = args["api-key"] ?? (LFM_API_KEY || undefined);
    if (key !== undefined && !/^\S+$/.test(key)) throw new UsageError("the API key must not be empty or have spaces");
    const hostname = args.host ?? (HOST || "127.0.0.1");
    const [loading, { checkAddress, serve }] = await Promise.all([loadOptions(args), import("../../worker/node.ts")]);
    await checkAddress(hostname, port);
    const stopping = new AbortController();
    for (const [signal, code] of [
      ["SIGINT", EXIT.interrupted],
      ["SIGTERM", 0],
    ] as const) {
      process.on(signal, () => {
        if (stopping.signal.aborted) process.exit(code); // asked twice
        process.exitCode = code;
        stopping.abort(new Error("stopped while loading"));
      });
    }

    const path = modelPath(args.model ?? (LFM_MODEL || undefined));
    await using model = await openModel(path, { ...loading, signal: stopping.signal }, args);
    const server = await serve({
      models: model,
      hostname,
      port,
      ...(key !== undefined && { apiKeys: [key] }),
    });
    console.log(`${model.info.id} at ${server.url}`);
    await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
    const closed = server.close();
    await model.close(); // ends the replies that the server waits for
    await closed;
  },
});
