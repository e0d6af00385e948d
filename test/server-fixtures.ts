/** A model that says what it is told to, for the routes; and a client. */
import { type App, createApp } from "../worker/app.ts";
import type { AppOptions, ChatOptions, Choice, Message, Model, ModelInfo, Reply, ReplyPart, Usage } from "../src/types.ts";

export const usage: Usage = { promptTokens: 5, cachedTokens: 0, completionTokens: 3, reasoningTokens: 1, prefillMs: 1, decodeMs: 1 };

export interface Script {
  parts?: ReplyPart[];
  reply?: Partial<Choice>;
  /** Thrown by `chat`, and by `chatStream` behind its parts. */
  error?: Error;
  /** The stream waits for this after its parts. */
  until?: Promise<void>;
}

export interface Asked {
  messages: Message[];
  options: ChatOptions;
}

export interface FakeModel {
  model: Model;
  asked: Asked[];
  /** Streams that were ended, by their reader or by themselves. */
  ended: () => number;
}

export function fakeModel(script: Script = {}, id = "fake"): FakeModel {
  const asked: Asked[] = [];
  let ended = 0;
  async function* chatStream(messages: Message[], options: ChatOptions = {}): AsyncGenerator<ReplyPart, void, void> {
    asked.push({ messages, options });
    try {
      yield* script.parts ?? [];
      await script.until;
      if (script.error) throw script.error;
    } finally {
      ended++;
    }
  }
  async function chat(messages: Message[], options: ChatOptions = {}): Promise<Reply> {
    asked.push({ messages, options });
    if (script.error) throw script.error;
    const choice: Choice = { index: 0, content: "", reasoning: null, toolCalls: [], finishReason: "stop", ...script.reply };
    return { ...choice, usage, choices: [choice] };
  }
  const info = { id, maxSequences: 4, contextLength: 8192, vocabularySize: 65_536, samplingDefaults: {} } as ModelInfo;
  const model = { info, chat, chatStream } as Partial<Model> as Model;
  return { model, asked, ended: () => ended };
}

export function appOf(models: AppOptions["models"], options: Omit<AppOptions, "models"> = {}): App {
  return createApp({ models, ...options });
}

export function post(app: App, body: unknown, init: RequestInit = {}, path = "/v1/chat/completions"): Promise<Response> {
  return app.request(`http://local${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
}

export const hello = { messages: [{ role: "user", content: "Hello" }] };

/** The data of a stream's events, JSON parsed. */
export async function events(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).split("\n\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => (line === "data: [DONE]" ? "[DONE]" : (JSON.parse(line.replace(/^data: /, "")) as unknown)));
}
