/**
 * The app on a socket of Deno's: `deno run -A --unstable-no-legacy-abort dist/worker/deno.js` (the flag: a signal aborts for who leaves, not
 * for every request that ends), set up by HOST, PORT, LFM_MODEL and LFM_API_KEY.
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
};

const model = await load(Deno.env.get("LFM_MODEL") ?? defaultModel());
const key = Deno.env.get("LFM_API_KEY");
const app = createApp({ models: model, ...(key !== undefined && { apiKeys: [key] }) });
const server = Deno.serve(
  {
    hostname: Deno.env.get("HOST") ?? "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 8080),
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
