export { load } from "./generate/load.ts";
export { createReplyParser, parseReply } from "./chat/parse-reply.ts";
export { ContextLengthError, OutOfMemoryError, UnsupportedError, WeightsError } from "./errors.ts";
export type * from "./types.ts";
