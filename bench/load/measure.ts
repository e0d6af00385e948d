/** Many clients at once against one server: what they get, how long they wait, and what it does to the server. */
import { Agent } from "node:http";
import { Random } from "../synthetic/random.ts";
import { type Streamed, streamChat } from "./client.ts";
import type { LoadedServer } from "./server.ts";

export interface LoadOptions {
  readonly clients: number;
  readonly seconds: number;
  /** Share of the requests whose client leaves in the middle. */
  readonly leaving: number;
  readonly seed: string;
}

export interface Load {
  readonly clients: number;
  readonly seconds: number;
  readonly tokensPerSecond: number; // of all replies together
  readonly requests: number; // that were to be answered whole, retried or not
  readonly whole: number; // of them
  readonly left: number; // others, as they meant to
  readonly refusals: Readonly<Record<string, number>>; // by status and code
  readonly failures: readonly string[]; // what must not happen
  readonly firstMs: Percentiles; // of the attempt that was answered
  readonly gapMs: Percentiles;
  readonly eventLoopP99Ms: number; // in the server's process
  readonly residentBytes: Trend;
  readonly liveBytes: number; // what its heap keeps when all have left
}

/** Medians of the second and of the last third of the time. */
export interface Trend {
  readonly early: number;
  readonly late: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What is answered in whole within this is; the rest is not. */
const PATIENCE_MS = 60_000;
const REFUSALS = new Set([429, 503]); // that the documentation names

export async function measureLoad(server: LoadedServer, { clients, seconds, leaving, seed }: LoadOptions): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const streams: Streamed[] = [];
  const refusals: Record<string, number> = {};
  const failures: string[] = [];
  let requests = 0;
  let whole = 0;
  let left = 0;

  const before = await server.metrics();
  const began = performance.now();
  const over = (): boolean => performance.now() - began > seconds * 1000;
  const resident: number[] = [];
  const sampling = setInterval(() => resident.push(server.residentBytes()), 250);

  async function client(number: number): Promise<void> {
    const random = new Random(`${seed} ${number}`);
    await sleep(random.next() * 1000);
    while (!over()) {
      const maxTokens = 16 + Math.floor(random.next() * 80);
      const leaves = random.next() < leaving;
      const body = {
        messages: [{ role: "user", content: PROMPTS[Math.floor(random.next() * PROMPTS.length)] }],
        max_tokens: maxTokens,
        ignore_eos: true,
        temperature: 1,
        seed: Math.floor(random.next() * 2 ** 31),
        stream: true,
      };
      const leaveAfter = leaves ? Math.floor(random.next() * maxTokens * 0.8) : undefined;
      if (!leaves) requests++;
      const patience = performance.now() + PATIENCE_MS;
      for (;;) {
        const streamed = await streamChat({ url: server.url, body, agent, leaveAfter });
        streams.push(streamed);
        if (streamed.end === "refused" && REFUSALS.has(streamed.status) && streamed.retryAfter !== undefined) {
          const what = `${streamed.status} ${streamed.code}`;
          refusals[what] = (refusals[what] ?? 0) + 1;
          // As told, and a little later than the others.
          const wait = streamed.retryAfter * 1000 * (1 + random.next() * 0.5);
          if (!leaves && performance.now() + wait < patience) {
            await sleep(wait);
            continue;
          }
          if (leaves) await sleep(wait);
        } else if (streamed.end === "refused" || streamed.end === "failed") {
          failures.push(`${streamed.status} ${streamed.code ?? streamed.error}`);
        }
        if (streamed.end === "left") left++;
        else if (streamed.end === "whole" && !leaves) whole++;
        break;
      }
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  await sleep(seconds * 1000);
  const after = await server.metrics();
  const took = (performance.now() - began) / 1000;
  clearInterval(sampling);
  await running;
  agent.destroy();
  const answered = streams.filter(({ firstMs }) => firstMs !== undefined);
  return {
    clients,
    seconds,
    tokensPerSecond: (after("llamacpp:tokens_predicted_total") - before("llamacpp:tokens_predicted_total")) / took,
    requests,
    whole,
    left,
    refusals,
    failures,
    firstMs: percentiles(answered.map(({ firstMs }) => firstMs!)),
    gapMs: percentiles(streams.flatMap(({ gapsMs }) => gapsMs)),
    eventLoopP99Ms: after("nodejs_eventloop_lag_p99_seconds") * 1000,
    residentBytes: trend(resident),
    liveBytes: await server.liveBytes(),
  };
}

/** GET /health again and again, while as many replies run as the server takes at once. */
export async function measureHealth(server: LoadedServer, streams: number, seconds: number): Promise<Percentiles> {
  const agent = new Agent({ keepAlive: true });
  const end = performance.now() + (seconds + 1) * 1000;
  const decode = async (seed: number): Promise<void> => {
    const body = { messages: [{ role: "user", content: PROMPTS[0] }], max_tokens: 2000, ignore_eos: true, seed, stream: true };
    while (performance.now() < end) await streamChat({ url: server.url, body, agent });
  };
  const running = Array.from({ length: streams }, (_, seed) => decode(seed));
  await sleep(1000);
  const times: number[] = [];
  while (performance.now() < end) {
    await sleep(10);
    const asked = performance.now();
    await (await fetch(`${server.url}/health`)).text();
    times.push(performance.now() - asked);
  }
  agent.destroy(); // the replies are not waited for
  await Promise.allSettled(running);
  return percentiles(times);
}

/** Some short, one of some hundred tokens. */
const PROMPTS = [
  "Where did Mina find the lamp?",
  "The red fox met Mina near the old well.",
  "Tell me a story of a lamp, a well and a fox. ".repeat(12),
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function percentiles(values: number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function trend(values: readonly number[]): Trend {
  const third = Math.floor(values.length / 3);
  return { early: percentiles(values.slice(third, 2 * third)).p50, late: percentiles(values.slice(2 * third)).p50 };
}
