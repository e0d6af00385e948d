/** A request as a line of the log: JSON for machines, or text for people. */
import type { LogEntry } from "../src/index.ts";
import type { LogFormat } from "./settings.ts";

export function logLine(entry: LogEntry, format: LogFormat): string {
  return format === "json" ? JSON.stringify(entry) : text(entry);
}

/** As "2026-01-02T03:04:05.678Z 200 POST /v1/chat/completions alice 812 ms lfm2-8b 20+64 tokens, first after 95 ms, queued 3 ms". */
function text(entry: LogEntry): string {
  const { time, status, method, path, client, ms, model, promptTokens, completionTokens, firstTokenMs, queueMs, error, left } = entry;
  const line = [
    `${time} ${status} ${method} ${path} ${client} ${ms} ms`,
    model === undefined ? "" : ` ${model}`,
    promptTokens === undefined ? "" : ` ${promptTokens}+${completionTokens} tokens`,
    firstTokenMs === undefined ? "" : `, first after ${firstTokenMs} ms`,
    (queueMs ?? 0) >= 1 ? `, queued ${queueMs} ms` : "",
    error === undefined ? "" : ` ${error}`,
    left ? " (the client left)" : "",
  ].join("");
  // A path is a stranger's text: none of it may look like another line, or move the cursor.
  return line.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
