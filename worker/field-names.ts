/** The library's options as each API names them, for errors. */

export interface Told {
  readonly message: string;
  readonly param: string | null;
}

/** As OpenAI's chat and vLLM name them. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  temperature: "temperature",
  topK: "top_k",
  topP: "top_p",
  minP: "min_p",
  typicalP: "typical_p",
  repetitionPenalty: "repetition_penalty",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  logitBias: "logit_bias",
  seed: "seed",
  maxTokens: "max_tokens",
  minTokens: "min_tokens",
  maxThinkingTokens: "reasoning_effort",
  stop: "stop",
  stopTokenIds: "stop_token_ids",
  n: "n",
  logprobs: "top_logprobs",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  responseFormat: "response_format",
  "responseFormat.schema": "response_format.json_schema.schema",
  pooling: "pooling",
};

/** Where another API has another name. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/v1/completions": { messages: "prompt", top_logprobs: "logprobs" },
  "/v1/embeddings": { messages: "input" },
  "/v1/responses": {
    messages: "input",
    max_tokens: "max_output_tokens",
    response_format: "text.format",
    "response_format.json_schema.schema": "text.format.schema",
    reasoning_effort: "reasoning",
  },
  "/v1/messages": {
    stop: "stop_sequences",
    response_format: "output_config.format",
    "response_format.json_schema.schema": "output_config.format.schema",
    reasoning_effort: "thinking",
    parallel_tool_calls: "tool_choice",
  },
};

/** The library's words for a prompt that is none. */
const PROMPT_ERROR = /^(?:the prompt is empty|token \S+ is not in the vocabulary|text \d+ is empty)/;

/** The option that is out of its range: the library's messages begin with its name, the runtime's own do not. */
export function optionOf({ message }: RangeError): string | undefined {
  if (PROMPT_ERROR.test(message)) return "messages";
  const option = /^[a-zA-Z]+/.exec(message)?.[0];
  return option !== undefined && Object.hasOwn(WIRE_NAMES, option) ? option : undefined;
}

/** Options, or parts of them as "responseFormat.schema", by the field that a request said them in, where it had a choice. */
export type Sent = Readonly<Record<string, string>>;

/** An error as the API of a path says it, of what the request sent. */
export function inWireNames({ message, param }: Told, path: string, sent: Sent = {}): Told {
  if (param === null) return { message, param };
  const renamed = RENAMED[path] ?? {};
  const find = (names: Sent, name: string): string | undefined => (Object.hasOwn(names, name) ? names[name] : undefined);
  const wire = (option: string): string => {
    const name = find(WIRE_NAMES, option) ?? option;
    return find(sent, option) ?? find(renamed, name) ?? name;
  };
  const part = /^[a-zA-Z]+\.[a-zA-Z]+/.exec(message)?.[0];
  const begins = part !== undefined && wire(part) !== part ? part : param;
  const said = message.startsWith(begins) && begins.startsWith(param) ? wire(begins) + message.slice(begins.length) : message;
  return { message: said, param: /^\w+/.exec(wire(param))?.[0] ?? param };
}
