/** The app on a socket of Node's (Bun has the same module). */
import { createServer, type Server } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { AppOptions } from "../src/index.ts";
import { createApp } from "./app.ts";

export interface ServeOptions extends AppOptions {
  hostname?: string; // default 127.0.0.1: this machine only
  port?: number; // default 8080; 0: any free one
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests and resolves when those under way are answered; after `graceMs` they are cut off. */
  close(graceMs?: number): Promise<void>;
}

const GRACE_MS = 5000;
const IDLE_MS = 20; // between two looks for connections that have become idle

/** @throws {Error} The address cannot be listened on, in one line. */
export async function serve({ hostname = "127.0.0.1", port = 8080, ...options }: ServeOptions): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: createApp(options).fetch });
  await listen(server, hostname, port);
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`,
    close: (graceMs = GRACE_MS) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), graceMs);
        // Node closes those that are idle now; one whose answer ends later would be kept alive for seconds.
        const idle = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), IDLE_MS);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(idle);
          resolve();
        });
      }),
  };
}

/** Whether the address can be listened on, before a model is read for it. @throws {Error} As `serve` does. */
export async function checkAddress(hostname: string, port: number): Promise<void> {
  const server = createServer();
  await listen(server, hostname, port);
  await new Promise((resolve) => server.close(resolve));
}

function listen(server: Pick<Server, "once" | "listen">, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(`Cannot listen on ${hostname}:${port}: ${reasons[error.code ?? ""] ?? error.message}`, { cause: error }));
    });
    server.listen(port, hostname, resolve);
  });
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; choose another",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
  EACCES: "permission denied; ports below 1024 often need it",
};
