/** The server under load: many streaming clients of which some leave, and what GET /health takes beside running replies. */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type Load, measureHealth, measureLoad, type Percentiles } from "./load/measure.ts";
import { LoadedServer } from "./load/server.ts";

const help = `Measures the built server (npm run build) with many clients.

  npm run bench:load -- [FILE] [--clients 8,200] [--seconds 60] [--leaving 0.3] [--parallel 4] [--health]

  FILE       a GGUF file (default: the tiny model of the tests)
  --clients  how many at once, one run for each number
  --leaving  share of the requests whose client leaves in the middle
  --parallel replies that the server makes at once
  --health   GET /health beside as many replies as the server makes at once, in place of all this`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: "string", default: "8,200" },
    seconds: { type: "string", default: "60" },
    leaving: { type: "string", default: "0.3" },
    parallel: { type: "string", default: "4" },
    health: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const model = positionals[0] ?? fileURLToPath(new URL("../test/fixtures/tiny-moe-Q4_0.gguf", import.meta.url));
  console.log(`${basename(model)}, --parallel ${values.parallel}; ${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`);
  const server = await LoadedServer.start(model, ["--parallel", values.parallel]);
  try {
    if (values.health) {
      const ms = await measureHealth(server, Number(values.parallel), Number(values.seconds));
      console.log(`GET /health beside ${values.parallel} replies: ${times(ms)}`);
      return;
    }
    for (const clients of values.clients.split(",").map(Number)) {
      print(await measureLoad(server, { clients, seconds: Number(values.seconds), leaving: Number(values.leaving), seed: "load" }));
    }
  } finally {
    await server.stop();
  }
}

function print(load: Load): void {
  const { clients, seconds, tokensPerSecond, requests, whole, left, refusals, failures } = load;
  const { firstMs, gapMs, eventLoopP99Ms, residentBytes, liveBytes } = load;
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`${clients} clients, ${seconds} s: ${tokensPerSecond.toFixed(0)} tok/s
  ${whole} of ${requests} whole, ${left} left, refused ${JSON.stringify(refusals)}, ${failures.length} failed ${[...new Set(failures)].join("; ")}
  first text ${times(firstMs)}; gaps ${times(gapMs)}
  event loop p99 ${eventLoopP99Ms.toFixed(1)} ms; resident ${mib(residentBytes.early)}, then ${mib(residentBytes.late)}, of which ${mib(liveBytes)} are kept`);
}

function times({ p50, p99, max }: Percentiles): string {
  return `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms`;
}
