/**
 * The app on a socket of Deno's, set up by HOST, PORT, LFM_MODEL and LFM_API_KEY:
 *
 *     deno run --unstable-no-legacy-abort --allow-env=HOST,PORT,LFM_MODEL,LFM_API_KEY --allow-net=127.0.0.1 --allow-read dist/worker/deno.js
 *
 * The flag: a signal aborts for who leaves, not for every request that ends. What is read: dist, and the model.
 */
import { load } from "../src/index.ts";
import { createApp } from "./app.ts";
import { defaultModel } from "./default-model.ts";

/** What is used of Deno's own types, which are not those of Node that the rest is checked with. */
declare const Deno: {
  readonly env: { get(name: string): string | undefined };
  serve(
    options: { hostname: string; port: number; onListen(address: { hostname: string; port: number }): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): { shutdown(): Promise<void>; readonly finished: Promise<void> };
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
  const model = await load(setting("LFM_MODEL") ?? defaultModel());
  const key = setting("LFM_API_KEY");
  const app = createApp({ models: model, ...(key !== undefined && { apiKeys: [key] }) });
  const server = Deno.serve(
    {
      hostname: setting("HOST") ?? "127.0.0.1",
      port: Number(setting("PORT") ?? 8080),
      onListen: ({ hostname, port }) => console.log(`${model.info.id} at http://${hostname}:${port}`),
    },
    (request) => app.fetch(request),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      void server.shutdown(); // waits for the replies, which the model's end ends
      void model.close();
    });
  }
  await server.finished;
}

/** An empty one is none. */
function setting(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}
