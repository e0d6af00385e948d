/**
 * The types of the public contract: names, shapes, units.
 * Sizes are bytes, times milliseconds, positions tokens, unless a name says otherwise.
 */

// ── loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type ModelInput = string | URL | Blob | ArrayBuffer | Uint8Array | WeightSource; // path, URL, any part of a split GGUF, its bytes
export interface LoadOptions {
  threads?: number; // default: min(availableParallelism, cgroup quota); with threads nothing is computed on the caller's thread, and by default a small model's steps are not shared; 0: all is, as where there are none
  maxWeightBytes?: number; // not supported yet: all weights are resident, and a number is an UnsupportedError
  maxMemoryBytes?: number; // the same
  contextLength?: number; // default min(file's, 8192)
  kvType?: "f32" | "f16" | "q8"; // default "f16"; quantised once, at append
  maxSequences?: number; // sequences held at once, default 4
  kernels?: "auto" | "relaxed" | "plain";
  pairVectors?: boolean; // V8's vector pairing, where there is one and it answers alike; process-wide, so false unless the caller says so (the command line and server entry decide for themselves)
  chatTemplate?: string; // Jinja, in place of the file's own
  wasmModule?: WebAssembly.Module; // where the runtime cannot find or compile it by itself
  onProgress?: (p: { phase: "open" | "read" | "ready"; loaded: number; total: number }) => void; // bytes
  signal?: AbortSignal;
}

export interface ModelInfo {
  id: string; // general.name in lower-case-with-dashes, else the file's stem; the id in /v1/models
  architecture: "lfm2" | "lfm2moe";
  parameters: number;
  activeParameters: number;
  fileType: string; // "Q4_0"
  vocabularySize: number;
  trainedContextLength: number;
  contextLength: number;
  maxSequences: number; // held at once
  hiddenSize: number;
  layers: ("conv" | "attention")[];
  experts: number;
  expertsPerToken: number;
  reasoning: boolean; // opens with <think>
  toolSyntax: "pythonic" | "json";
  chatTemplate: "file" | "built-in";
  samplingDefaults: SamplingOptions;
  weightBytes: number;
  residentWeightBytes: number;
  threads: number;
  kernels: "relaxed" | "plain";
  paired: boolean;
  description?: string; // what the file says of itself
  license?: string; // what the file says (LFM Open License v1.0 for Liquid's weights)
}

/**
 * What generates throws ContextLengthError (a prompt longer than the context), RangeError (an option out of its range) and UnsupportedError
 * (an option or a schema's keyword that cannot be obeyed; `param` names it), and any method an Error once the model is closed.
 */
export interface Model extends AsyncDisposable {
  readonly info: ModelInfo;
  chat(messages: Message[], options?: ChatOptions): Promise<Reply>;
  chatStream(messages: Message[], options?: ChatOptions): AsyncIterable<ReplyPart>;
  complete(prompt: string | number[], options?: CompleteOptions): Promise<Completion>;
  completeStream(prompt: string | number[], options?: CompleteOptions): AsyncIterable<CompletionPart>;
  embed(texts: (string | number[])[], options?: EmbedOptions): Promise<Float32Array[]>; // f32[hiddenSize] each
  tokenize(text: string, options?: { special?: boolean; bos?: boolean }): number[]; // both false by default: text is text
  detokenize(ids: number[], options?: { special?: boolean }): string; // special false: control tokens print nothing
  applyTemplate(messages: Message[], options?: TemplateOptions): string;
  countTokens(messages: Message[], options?: TemplateOptions): Promise<number>; // of the prompt that chat makes of them
  evaluate(ids: number[], options?: { signal?: AbortSignal }): Promise<Evaluation>;
  session(): Promise<Session>; // not supported yet: UnsupportedError, as restore's and the options `session` and `suffix`
  restore(bytes: Uint8Array): Promise<Session>;
  stats(): Stats;
  close(): Promise<void>; // running replies end with finishReason "abort"; memory is returned to a pool that the next load uses
}

// ── messages: OpenAI's wire names, so that a request body is a valid argument ────────────────────────────────────────
export type Message =
  | { role: "system" | "developer"; content: Content }
  | { role: "user"; content: Content }
  | { role: "assistant"; content?: Content | null; reasoning_content?: string | null; tool_calls?: WireToolCall[] }
  | { role: "tool"; content: Content; tool_call_id?: string; name?: string };
export type Content = string | { type: "text"; text: string }[];
export interface WireToolCall {
  id?: string;
  type?: "function";
  function: { name: string; arguments: string | Record<string, unknown> };
}
export interface Tool {
  type: "function";
  function: { name: string; description?: string; parameters?: JsonSchema; strict?: boolean };
}
export type JsonSchema = Record<string, unknown> | boolean;
export interface TemplateOptions {
  tools?: Tool[];
  addGenerationPrompt?: boolean /* true */;
  date?: string /* "YYYY-MM-DD" */;
  templateArguments?: Record<string, unknown>;
}

// ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Applied in this order: repetition penalty (prompt and reply) and presence / frequency (reply) → logit bias → grammar mask →
 *  temperature → top-k → typical → top-p → min-p → draw. Absent = the model's default. Temperature 0 = argmax after the mask, lowest id on a tie.
 *  The draw for choice c at position p depends on (seed, c, p) only. */
export interface SamplingOptions {
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  typicalP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  logitBias?: Record<number, number>;
  seed?: number;
}
export interface GenerateOptions extends SamplingOptions {
  maxTokens?: number;
  minTokens?: number;
  maxThinkingTokens?: number;
  stop?: string | string[];
  stopTokenIds?: number[];
  ignoreEos?: boolean;
  n?: number;
  logprobs?: number; // how many alternatives per token; 0 = only the token's own
  signal?: AbortSignal; // ends the reply with finishReason "abort"; what was generated is kept
}
export type ResponseFormat =
  | { type: "text" }
  | { type: "json_object" }
  | { type: "json_schema"; schema: JsonSchema }
  | { type: "regex"; pattern: string }
  | { type: "gbnf"; grammar: string }
  | { type: "choice"; choices: string[] };
export interface EmbedOptions {
  pooling?: "mean" | "last" | "cls"; // of the final norm's rows: all, the last or the first; default "mean"
  normalize?: boolean; // to length 1, default true
  signal?: AbortSignal;
  onTokens?: (tokens: number) => void; // how many all texts had, once
}
export interface ChatOptions extends GenerateOptions, Omit<TemplateOptions, "addGenerationPrompt"> {
  toolChoice?: "auto" | "none" | "required" | { name: string };
  parallelToolCalls?: boolean;
  responseFormat?: ResponseFormat;
  session?: Session;
}
export interface CompleteOptions extends GenerateOptions {
  responseFormat?: ResponseFormat;
  echo?: boolean;
  suffix?: string;
  session?: Session;
}

// ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type FinishReason = "stop" | "length" | "tool_calls" | "abort";
export interface ToolCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}
export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  prefillMs: number;
  decodeMs: number;
}
export interface TokenLogprob {
  id: number;
  text: string;
  bytes: number[];
  logprob: number;
  top: { id: number; text: string; bytes: number[]; logprob: number }[];
}
export interface ParsedReply {
  content: string;
  reasoning: string | null;
  toolCalls: ToolCall[];
}
export interface Choice extends ParsedReply {
  index: number;
  finishReason: FinishReason;
  stopString?: string; // that ended it
  logprobs?: TokenLogprob[];
}
export interface Reply extends Choice {
  usage: Usage;
  choices: Choice[];
} // the first choice, and all of them when n > 1
export type ReplyPart =
  | { type: "text" | "reasoning"; index: number; text: string; logprobs?: TokenLogprob[] }
  | { type: "tool-call"; index: number; callIndex: number; id: string; name: string }
  | { type: "tool-arguments"; index: number; callIndex: number; json: string } // pieces of the arguments' JSON text
  | { type: "finish"; index: number; finishReason: FinishReason; stopString?: string }
  | { type: "usage"; usage: Usage }; // last, once
export interface Completion {
  text: string;
  finishReason: FinishReason;
  logprobs?: TokenLogprob[];
  usage: Usage;
  choices: { index: number; text: string; finishReason: FinishReason }[];
}
export type CompletionPart =
  | { type: "text"; index: number; text: string; logprobs?: TokenLogprob[] }
  | { type: "finish"; index: number; finishReason: FinishReason; stopString?: string }
  | { type: "usage"; usage: Usage };
export interface Evaluation {
  logits: Float32Array /* the last row, [vocabulary] */;
  argmax: number[] /* N */;
  nll: number[] /* N − 1 */;
  nllMean: number | null;
}
export interface Session extends AsyncDisposable {
  readonly tokens: number;
  save(): Promise<Uint8Array>;
  close(): Promise<void>;
} // pass it to chat / complete: what it already holds is not computed again
export interface Stats {
  bytesRead: number;
  expertHitRate: number | null; // while all weights are resident, null, and the next three [], 0 and null
  perLayerHitRate: number[];
  stallMs: number;
  prefetchAccuracy: number | null;
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  peakMemoryBytes: number; // of the model's own memories, not of the process
}

// ── the server: "lfm-edge/server" ────────────────────────────────────────────────────────────────────────────────────
export interface AppOptions {
  models: Record<string, Model> | Model | Promise<Record<string, Model> | Model>; // promised: until they are there, all but /health and /metrics answers 503
  loading?: () => { loaded: number; total: number }; // how far that is, in bytes
  apiKeys?: (string | ApiKey)[]; // plain, or as "sha256:HEX", which is what `lfm-edge key` prints
  limits?: Limits;
  limitStore?: LimitStore; // where rates are counted; default: this process
  cors?: string[]; // origins whose pages may ask; ["*"]: all
  log?: (entry: object) => void; // gets a LogEntry when a request has ended
  metrics?: () => Record<string, number>; // gauges of the runtime's own that GET /metrics tells too, by name
}
export interface ApiKey {
  key: string; // plain, or "sha256:HEX"
  name?: string; // in logs, in place of the hash's first digits
  requestsPerMinute?: number; // this and the next two in place of the server's own limit
  tokensPerMinute?: number;
  maxConcurrent?: number;
  models?: string[]; // all that it may use; default: every one
}
export interface Limits {
  requestsPerMinute?: number; // of one client: a key, or an address where there are no keys; default: any number
  tokensPerMinute?: number; // of one client, of prompts and replies; default: any number
  maxConcurrent?: number; // replies of one client at once, others of it wait; default: any number
  maxQueue?: number; // requests that wait for a model, default 100
  maxBodyBytes?: number; // default 4 MiB
  maxPromptCharacters?: number; // default 16 for each token of the model's context
  queueTimeout?: number; // that a request waits, default 60 s
  replyTimeout?: number; // that a reply takes, default 10 min
  readTimeout?: number; // that a stream waits for its reader, default 30 s
}
/** Counts what clients use: one number for each key, which refills evenly. */
export interface LimitStore {
  /**
   * Takes `cost` of the key's allowance, which is `perMinute` when full and refills so fast; or nothing, where there is less.
   * `force` takes it all the same, so that later calls have to wait; a cost below 0 gives back.
   */
  take(key: string, cost: number, perMinute: number, force?: boolean): Taken | Promise<Taken>;
}
export interface Taken {
  allowed: boolean;
  remaining: number; // whole units
  resetAfter: number; // until all is there again
  retryAfter: number; // until the cost is there; 0 where it was taken
}
export interface LogEntry {
  time: string; // when the request came, ISO 8601
  id: string; // of the header x-request-id
  client: string; // the key's name or the first digits of its hash, else the address
  method: string;
  path: string;
  status: number; // 499: the client left before it was answered
  ms: number;
  model?: string;
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  queueMs?: number;
  firstTokenMs?: number; // from the request's coming
  error?: string; // its code
  left?: true; // the client, before the end
}
// In process, no socket: new OpenAI({ baseURL: "http://local/v1", apiKey: "-", fetch: app.request })

// ── where bytes come from ────────────────────────────────────────────────────────────────────────────────────────────

export interface WeightSource {
  readonly name: string;
  size(shard: string, signal?: AbortSignal): Promise<number>;
  read(shard: string, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>; // fills target or throws; target may lie in shared memory; several at once
  readSync?(shard: string, offset: number, target: Uint8Array): void; // where the runtime can, e.g. a file in a worker thread
  close(): Promise<void>;
}
