/** What GET /metrics tells. Where llama-server has a figure, it is here under llama-server's name. */
import type { Stats, Usage } from "../../src/index.ts";
import type { Admission } from "../admission.ts";
import type { Visit } from "../visit.ts";
import { Counter, exposition, Gauge, Histogram, type Labels, type Metric } from "./exposition.ts";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export interface ServerMetricsOptions {
  readonly admissions: () => ReadonlyMap<string, Admission>;
  /** Of the runtime, by their whole names. */
  readonly runtime: (() => Record<string, number>) | undefined;
}

export class ServerMetrics {
  readonly #requests = new Counter(
    "lfm_http_requests_total",
    "Requests that have ended, by route and status; 499: the client left unanswered",
  );
  readonly #duration = new Histogram("lfm_http_request_seconds", "From a request's coming to the end of its answer", SECONDS);
  readonly #promptTokens = new Counter("llamacpp:prompt_tokens_total", "Prompt tokens of replies");
  readonly #cachedTokens = new Counter("lfm_prompt_cached_tokens_total", "Those of them that were not computed again");
  readonly #promptSeconds = new Counter("llamacpp:prompt_seconds_total", "Time spent on prompts");
  readonly #tokens = new Counter("llamacpp:tokens_predicted_total", "Tokens of replies");
  readonly #seconds = new Counter("llamacpp:tokens_predicted_seconds_total", "Time spent on replies");
  readonly #queueSeconds = new Histogram("lfm_queue_seconds", "What requests waited for their turn", SECONDS);
  readonly #firstToken = new Histogram(
    "lfm_time_to_first_token_seconds",
    "From a request's coming to the first token of its reply",
    SECONDS,
  );
  readonly #speed = new Histogram("lfm_reply_tokens_per_second", "Tokens per second of a reply, behind its first", TOKENS_PER_SECOND);
  readonly #options: ServerMetricsOptions;
  readonly #metrics: readonly Metric[];

  constructor(options: ServerMetricsOptions) {
    this.#options = options;
    const { admissions } = options;
    const stats = (): [string, Stats][] => [...admissions()].map(([id, admission]) => [id, admission.stats()]);
    const each = <T>(entries: Iterable<readonly [string, T]>, read: (value: T) => number | null): [Labels, number][] =>
      [...entries].flatMap(([model, value]): [Labels, number][] => {
        const figure = read(value);
        return figure === null ? [] : [[{ model }, figure]];
      });
    this.#metrics = [
      this.#requests,
      this.#duration,
      this.#promptTokens,
      this.#cachedTokens,
      this.#promptSeconds,
      this.#tokens,
      this.#seconds,
      new Gauge("llamacpp:prompt_tokens_seconds", "Prompt tokens per second, of all replies", () =>
        each(stats(), (one) => one.prefillTokensPerSecond),
      ),
      new Gauge("llamacpp:predicted_tokens_seconds", "Tokens per second of one reply, of all replies", () =>
        each(stats(), (one) => one.decodeTokensPerSecond),
      ),
      new Gauge("llamacpp:requests_processing", "Replies under way", () => each(admissions(), ({ queue }) => queue.running)),
      new Gauge("llamacpp:requests_deferred", "Requests that wait for their turn", () => each(admissions(), ({ queue }) => queue.waiting)),
      this.#queueSeconds,
      this.#firstToken,
      this.#speed,
      new Gauge("lfm_model_memory_bytes", "Memory that the model holds", () => each(stats(), (one) => one.peakMemoryBytes)),
      new Gauge("lfm_weights_read_bytes", "Bytes of weights that were read", () => each(stats(), (one) => one.bytesRead)),
      new Gauge("lfm_expert_hit_ratio", "Experts that were in memory when they were wanted", () =>
        each(stats(), (one) => one.expertHitRate),
      ),
    ];
  }

  countRequest(visit: Visit, route: string): void {
    const { method, ms } = visit;
    this.#requests.add({ method: METHODS.has(method) ? method : "other", path: route, status: visit.toLogEntry().status });
    this.#duration.observe({ path: route }, ms / 1000);
  }

  countReply({ model = "", queueMs = 0, firstTokenMs }: Visit, usage: Usage): void {
    const { promptTokens, cachedTokens, completionTokens, prefillMs, decodeMs } = usage;
    this.#promptTokens.add({ model }, promptTokens);
    this.#cachedTokens.add({ model }, cachedTokens);
    this.#promptSeconds.add({ model }, prefillMs / 1000);
    this.#tokens.add({ model }, completionTokens);
    this.#seconds.add({ model }, decodeMs / 1000);
    this.#queueSeconds.observe({ model }, queueMs / 1000);
    if (firstTokenMs !== undefined) this.#firstToken.observe({ model }, firstTokenMs / 1000);
    if (completionTokens > 1 && decodeMs > 0) this.#speed.observe({ model }, ((completionTokens - 1) * 1000) / decodeMs);
  }

  toString(): string {
    const own = Object.entries(this.#options.runtime?.() ?? {});
    const runtime = own.map(([name, value]) => new Gauge(name, "Of the runtime", () => [[{}, value]]));
    return exposition([...this.#metrics, ...runtime]);
  }
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
