/** The app on a socket of Node's (Bun has the same module). */
import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createAdaptorServer } from "@hono/node-server";
import type { AppOptions } from "../src/index.ts";
import { createApp, DEFAULT_GRACE_MS } from "./app.ts";
import { isLoopback } from "./settings.ts";

export interface ServeOptions extends AppOptions {
  hostname?: string; // default 127.0.0.1: this machine only
  port?: number; // default 8080; 0: any free one
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests and resolves when those under way are answered; after `graceMs` their replies are cut off. */
  close(graceMs?: number): Promise<void>;
}

const REQUEST_MS = 60_000; // for a request to come in whole
/** Longer than proxies keep an idle connection (60 s): who closes first must be the one that sends, or a request meets a closed door. */
const KEEP_ALIVE_MS = 75_000;
const CUT_MS = 1000; // for the last words of replies to be read
const IDLE_MS = 20; // between two looks for connections that have become idle

/** @throws {Error} The address cannot be listened on, in one line. */
export async function serve({ hostname = "127.0.0.1", port = 8080, ...options }: ServeOptions): Promise<RunningServer> {
  const runtime = runtimeMetrics();
  const app = createApp({ metrics: runtime.read, ...options });
  const localOnly = isLoopback(hostname);
  const server = createAdaptorServer({
    fetch: (request, { incoming }) => app.fetch(request, { clientAddress: (incoming as IncomingMessage).socket.remoteAddress, localOnly }),
    hostname, // of requests that name no host, as HTTP/1.0's
    serverOptions: { requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS },
  });
  await listen(server, hostname, port);
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`,
    async close(graceMs = DEFAULT_GRACE_MS) {
      const closed = new Promise((resolve) => server.close(resolve));
      // Node closes those that are idle now; one whose answer ends later would be kept alive for seconds.
      const idle = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), IDLE_MS);
      await app.close(graceMs);
      const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), CUT_MS);
      await closed;
      clearTimeout(cut);
      clearInterval(idle);
      runtime.stop();
    },
  };
}

/** By the names that Prometheus's own client for Node gives them. */
function runtimeMetrics(): { read: () => Record<string, number>; stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  return {
    read() {
      const { rss, heapUsed } = process.memoryUsage();
      const p99 = delay.percentile(99) / 1e9;
      const max = delay.max / 1e9;
      delay.reset(); // each reading tells of the time since the last
      return {
        process_resident_memory_bytes: rss,
        nodejs_heap_size_used_bytes: heapUsed,
        nodejs_eventloop_lag_p99_seconds: p99,
        nodejs_eventloop_lag_max_seconds: max,
      };
    },
    stop: () => delay.disable(),
  };
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
