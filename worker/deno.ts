/**
 * The app on a socket of Deno's, set up by HOST, PORT, LFM_MODEL, LFM_API_KEY and the others that docs/serving.md lists:
 *
 *     deno run --unstable-no-legacy-abort --allow-env=HOST,PORT,LFM_* --allow-net=127.0.0.1 --allow-read dist/worker/deno.js
 *
 * The flag: a signal aborts for who leaves, not for every request that ends. What is read: dist, and the model.
 */
import { load, type LogEntry } from "../src/index.ts";
import { createApp } from "./app.ts";
import { defaultModel } from "./default-model.ts";
import { logLine } from "./log.ts";
import { environment, isLoopback, readSettings, refusePublic } from "./settings.ts";

interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** What is used of Deno's own types, which are not those of Node that the rest is checked with. */
declare const Deno: {
  readonly env: { get(name: string): string | undefined };
  readTextFile(path: string): Promise<string>;
  serve(
    options: { hostname: string; port: number; onListen: () => void },
    handler: (request: Request, info: { readonly remoteAddr: Address }) => Response | Promise<Response>,
  ): { shutdown(): Promise<void>; readonly finished: Promise<void>; readonly addr: Address };
  addSignalListener(signal: "SIGINT" | "SIGTERM", listener: () => void): void;
  exit(code: number): never;
};

try {
  await serve();
} catch (error) {
  console.error(`lfm-edge: ${(error instanceof Error ? error.message : String(error)).split("\n")[0]}`);
  Deno.exit(1);
}

async function serve(): Promise<void> {
  const settings = await readSettings(
    environment((name) => Deno.env.get(name)),
    (path) => Deno.readTextFile(path),
  );
  refusePublic(settings);
  const { hostname, port, log, graceMs, maxSequences } = settings;
  let progress = { loaded: 0, total: 0 };
  const opening = load(settings.model ?? defaultModel(), {
    ...(maxSequences !== undefined && { maxSequences }),
    onProgress: ({ loaded, total }) => {
      progress = { loaded, total };
    },
  });
  const app = createApp({
    ...settings.app,
    models: opening,
    loading: () => progress,
    ...(log && { log: (entry) => console.error(logLine(entry as LogEntry, log)) }),
  });
  const server = Deno.serve({ hostname, port, onListen: () => undefined }, (request, { remoteAddr }) =>
    app.fetch(request, { clientAddress: remoteAddr.hostname, localOnly: isLoopback(hostname) }),
  );
  const model = await opening;
  console.log(`${model.info.id} at http://${server.addr.hostname}:${server.addr.port}`);
  let stopping = false;
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 0],
  ] as const) {
    Deno.addSignalListener(signal, () => {
      if (stopping) Deno.exit(code); // asked twice
      stopping = true;
      void server.shutdown(); // waits for the replies
      void app.close(graceMs).then(() => model.close());
    });
  }
  await server.finished;
}
