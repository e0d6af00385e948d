/** Errors that a caller acts on. Everything else is the built-in class that fits. */

/** A file or shard is not what it should be. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}

/** The prompt, or prompt and reply, do not fit the context. `tokens` were asked for, `limit` is what there is. */
export class ContextLengthError extends Error {
  override readonly name = "ContextLengthError";
  readonly tokens: number;
  readonly limit: number;
  constructor(message: string, tokens: number, limit: number) {
    super(message);
    this.tokens = tokens;
    this.limit = limit;
  }
}

/** Memory that was needed could not be had. Both figures in bytes. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
  readonly needed: number;
  readonly available: number;
  constructor(message: string, needed: number, available: number) {
    super(message);
    this.needed = needed;
    this.available = available;
  }
}

/** A schema keyword, tensor type, architecture or option that is not supported; `param` names it. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
  readonly param?: string;
  constructor(message: string, param?: string) {
    super(message);
    if (param !== undefined) this.param = param;
  }
}
