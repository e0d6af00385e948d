/** Whatever goes wrong, as OpenAI's clients expect to be told. */
import { TemplateError } from "../src/chat/template-error.ts";
import { ContextLengthError, OutOfMemoryError, UnsupportedError } from "../src/index.ts";

export type ErrorStatus = 400 | 401 | 404 | 405 | 413 | 500 | 503;

/** An answer that is an error. The message is for the caller: one line, nothing of the server's inside. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ErrorStatus;
  readonly param: string | null;
  readonly code: string | null;

  constructor(status: ErrorStatus, message: string, { param = null, code = null }: { param?: string | null; code?: string | null } = {}) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
  }

  /** The body, on its own or as an event of a stream. */
  toJSON(): object {
    const type = this.status >= 500 ? "server_error" : this.status === 401 ? "authentication_error" : "invalid_request_error";
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }

  toResponse(headers: Record<string, string> = {}): Response {
    return Response.json(this, { status: this.status, headers });
  }
}

/** Errors of the library become what the caller did wrong; all others are ours, and are told on the console only. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ContextLengthError) return new ApiError(400, error.message, { param: "messages", code: "context_length_exceeded" });
  if (error instanceof TemplateError) return new ApiError(400, error.message, { param: "messages" });
  if (error instanceof UnsupportedError) return inWireNames(error.message, error.param, "unsupported_parameter");
  if (error instanceof RangeError) {
    const option = /^[a-zA-Z]+/.exec(error.message)?.[0]; // the library's begin with the option's name, the runtime's own do not
    if (option !== undefined && wireNames.has(option)) return inWireNames(error.message, option, "invalid_value");
  }
  if (error instanceof OutOfMemoryError) return new ApiError(503, error.message, { code: "out_of_memory" });
  console.error(error);
  return new ApiError(500, "the server failed to answer this request; its log says why", { code: "internal_error" });
}

/** The library's options as a request body names them. */
const wireNames: ReadonlyMap<string, string> = new Map([
  ["temperature", "temperature"],
  ["topK", "top_k"],
  ["topP", "top_p"],
  ["minP", "min_p"],
  ["typicalP", "typical_p"],
  ["repetitionPenalty", "repetition_penalty"],
  ["presencePenalty", "presence_penalty"],
  ["frequencyPenalty", "frequency_penalty"],
  ["logitBias", "logit_bias"],
  ["seed", "seed"],
  ["maxTokens", "max_tokens"],
  ["minTokens", "min_tokens"],
  ["stop", "stop"],
  ["stopTokenIds", "stop_token_ids"],
  ["n", "n"],
  ["logprobs", "top_logprobs"],
  ["toolChoice", "tool_choice"],
  ["responseFormat", "response_format"],
  ["parallelToolCalls", "parallel_tool_calls"],
]);

function inWireNames(message: string, option: string | undefined, code: string): ApiError {
  const param = option === undefined ? null : (wireNames.get(option) ?? option);
  const said = option !== undefined && param !== null && message.startsWith(option) ? param + message.slice(option.length) : message;
  return new ApiError(400, said, { param, code });
}
