/** Whatever goes wrong, as OpenAI's clients expect to be told. */
import { TemplateError } from "../src/chat/template-error.ts";
import { ContextLengthError, OutOfMemoryError, UnsupportedError } from "../src/index.ts";
import { inWireNames, optionOf, type Sent, type Told } from "./field-names.ts";

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 429 | 500 | 503 | 504;

export interface ErrorDetails {
  readonly param?: string | null;
  readonly code?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is an error; routes and middleware throw it. The message is for the caller: one line, nothing of the server's inside. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ErrorStatus;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ErrorStatus, message: string, { param = null, code = null, headers = {} }: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
    this.headers = headers;
  }
}

/** The answer to a request that failed, in the shape of the API that its path belongs to. */
export function errorResponse(error: unknown, path: string, sent?: Sent): Response {
  const told = toApiError(error);
  return Response.json(errorBody(told, path, sent), { status: told.status, headers: told.headers });
}

/** The body of such an answer, or the event that ends a stream. */
export function errorBody(error: ApiError, path: string, sent?: Sent): object {
  const told = inWireNames(error, path, sent);
  return isAnthropic(path) ? anthropicError(error.status, told) : openaiError(error, told);
}

const isAnthropic = (path: string): boolean => path === "/v1/messages" || path.startsWith("/v1/messages/");

function openaiError({ status, code }: ApiError, { message, param }: Told): object {
  const type =
    status >= 500
      ? "server_error"
      : status === 401
        ? "authentication_error"
        : status === 403
          ? "permission_error"
          : status === 429
            ? "rate_limit_error"
            : "invalid_request_error";
  return { error: { message, type, param, code } };
}

function anthropicError(status: ErrorStatus, { message }: Told): object {
  return { type: "error", error: { type: ANTHROPIC_TYPES[status], message } };
}

const ANTHROPIC_TYPES: Readonly<Record<ErrorStatus, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  503: "overloaded_error",
  504: "timeout_error",
};

/** Errors of the library become what the caller did wrong; all others are ours, and are told on the console only. */
export function toApiError(error: unknown): ApiError {
  const told = knownError(error);
  if (told) return told;
  console.error(error);
  return new ApiError(500, "the server failed to answer this request; its log says why", { code: INTERNAL_ERROR });
}

/** Whether the request is to blame, and no reply was begun for it. */
export const isRefusal = (error: unknown): boolean => knownError(error)?.status === 400;

/** For logs. */
export function errorCode(error: unknown): string {
  const told = knownError(error);
  return told ? (told.code ?? `status_${told.status}`) : INTERNAL_ERROR;
}

const INTERNAL_ERROR = "internal_error";

function knownError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof ContextLengthError) return new ApiError(400, error.message, { param: "messages", code: "context_length_exceeded" });
  if (error instanceof TemplateError) return new ApiError(400, error.message, { param: "messages", code: "invalid_value" });
  if (error instanceof UnsupportedError)
    return new ApiError(400, error.message, { param: error.param ?? null, code: "unsupported_parameter" });
  if (error instanceof RangeError) {
    const option = optionOf(error);
    if (option !== undefined) return new ApiError(400, error.message, { param: option, code: "invalid_value" });
  }
  if (error instanceof OutOfMemoryError) return new ApiError(503, error.message, { code: "out_of_memory" });
  return undefined;
}
