/** A web server over bytes in memory that answers ranges, and can be told to misbehave. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Fault =
  | "no-ranges" // 200 with the whole file
  | "wrong-range" // Content-Range says other bytes than were asked for
  | "no-content-range"
  | "too-long" // more bytes than Content-Range says
  | "drop" // half the body, then the connection breaks
  | "stall" // half the body, then nothing
  | "busy" // 503
  | "forbidden" // 403
  | "new-etag" // as if the file had been replaced
  | "new-size";

export interface RangeServer extends AsyncDisposable {
  readonly url: string; // of the folder, with a slash
  readonly requests: string[]; // method, path and range of each
  /** Each is used for one request, in order; undefined: answer as one should. */
  readonly faults: (Fault | undefined)[];
}

export async function startRangeServer(files: ReadonlyMap<string, Uint8Array>): Promise<RangeServer> {
  const requests: string[] = [];
  const faults: (Fault | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ""}`);
    answer(files, request, response, faults.shift());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/models/`, requests, faults, [Symbol.asyncDispose]: () => stop(server) };
}

function answer(
  files: ReadonlyMap<string, Uint8Array>,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): void {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  const bytes = files.get(decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1)));
  if (!bytes) return void response.writeHead(404).end();
  if (fault === "busy") return void response.writeHead(503).end();
  if (fault === "forbidden") return void response.writeHead(403).end();
  const etag = fault === "new-etag" ? '"second"' : '"first"';
  if (fault === "no-ranges") return void response.writeHead(200, { etag, "content-length": bytes.length }).end(bytes);
  if (bytes.length === 0) return void response.writeHead(416, { "content-range": "bytes */0" }).end();
  const [from = 0, last = 0] = (request.headers.range ?? "").replace("bytes=", "").split("-").map(Number);
  const to = Math.min(last + 1, bytes.length);
  const size = fault === "new-size" ? bytes.length + 1 : bytes.length;
  const body = bytes.subarray(from, to);
  const contentRange = fault === "wrong-range" ? `bytes ${from + 1}-${to - 1}/${size}` : `bytes ${from}-${to - 1}/${size}`;
  response.writeHead(206, {
    etag,
    ...(fault === "no-content-range" ? {} : { "content-range": contentRange }),
    ...(fault === "too-long" ? {} : { "content-length": body.length }),
  });
  if (fault === "too-long") return void response.end(Buffer.concat([body, Buffer.from("more")]));
  if (fault === "drop") return void response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 10));
  if (fault === "stall") return void response.write(body.subarray(0, body.length >> 1));
  response.end(body);
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
