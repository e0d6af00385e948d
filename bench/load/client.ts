/** A client that streams a chat and takes the times of its events; it can leave in the middle. */
import { type Agent, request } from "node:http";

export interface Streamed {
  /** whole: to [DONE]; left: as it was told to; refused: with a status; failed: anything else, `error` says what. */
  readonly end: "whole" | "left" | "refused" | "failed";
  readonly status: number; // 0: there was no answer
  readonly code: string | undefined; // of an error that the server told
  readonly error: string | undefined;
  readonly retryAfter: number | undefined; // s
  readonly firstMs: number | undefined; // from the request to the first text
  readonly gapsMs: readonly number[]; // between pieces of text
}

export interface StreamOptions {
  readonly url: string;
  readonly body: object;
  readonly agent: Agent;
  /** Leave behind so many pieces of text; 0: without waiting for any. */
  readonly leaveAfter?: number | undefined;
}

export function streamChat({ url, body, agent, leaveAfter }: StreamOptions): Promise<Streamed> {
  return new Promise((resolve) => {
    const began = performance.now();
    const gapsMs: number[] = [];
    let firstMs: number | undefined;
    let last = began;
    let status = 0;
    let retryAfter: number | undefined;
    let ended = false;
    const end = (how: Streamed["end"], { code, error }: { code?: string; error?: string } = {}): void => {
      if (ended) return;
      ended = true;
      resolve({ end: how, status, code, error, retryAfter, firstMs, gapsMs });
    };
    const asked = request(`${url}/v1/chat/completions`, { method: "POST", agent, headers: { "content-type": "application/json" } });
    const leave = (): void => {
      end("left");
      asked.destroy();
    };
    asked.on("error", (error) => end("failed", { error: error.message }));
    asked.on("response", (response) => {
      status = response.statusCode ?? 0;
      const after = Number(response.headers["retry-after"]);
      if (Number.isFinite(after)) retryAfter = after;
      let text = "";
      response.setEncoding("utf8");
      response.on("error", (error) => end("failed", { error: error.message }));
      response.on("close", () => end("failed", { error: "the connection ended in the middle" }));
      if (status !== 200) {
        response.on("data", (piece: string) => (text += piece));
        response.on("end", () => end("refused", codeOf(text)));
        return;
      }
      let whole = false;
      response.on("data", (piece: string) => {
        text += piece;
        for (let at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n")) {
          const data = text.slice("data: ".length, at);
          text = text.slice(at + 2);
          if (data === "[DONE]") whole = true;
          else if (data.startsWith('{"error"')) end("failed", codeOf(data));
          else if (data.includes('"delta":{"content":"')) {
            const now = performance.now();
            if (firstMs === undefined) firstMs = now - began;
            else gapsMs.push(now - last);
            last = now;
            if (leaveAfter !== undefined && gapsMs.length + 1 >= leaveAfter) leave();
          }
        }
      });
      response.on("end", () => (whole ? end("whole") : end("failed", { error: "the stream ended without [DONE]" })));
    });
    asked.end(JSON.stringify(body));
    if (leaveAfter === 0) setTimeout(leave, 20); // when it has been sent
  });
}

function codeOf(text: string): { code?: string; error?: string } {
  try {
    return { code: (JSON.parse(text) as { error: { code: string } }).error.code };
  } catch {
    return { error: `not an error in shape: ${text.slice(0, 100)}` };
  }
}
