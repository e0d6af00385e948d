export { createReplyParser, type ParseReplyOptions, parseReply, type ReplyParser } from "./parse-reply.ts";
export type { JsonSchema, ParsedReply, ReplyPart, Tool, ToolCall } from "../types.ts";
