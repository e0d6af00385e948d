/** The models under test, and the built server over them as a client in the same process reaches it. */
import { load, type Model } from "lfm-edge";
import { type App, createApp } from "lfm-edge/server";
import { defaultModel } from "../../worker/default-model.ts";
import { fixture } from "../tokenizer-fixtures.ts";

export const baseURL = "http://local/v1";
/** What the embedded model answers with a call, where there is get_weather. */
export const question = "What is the weather in Tokyo?";
/** What it answers with a sentence. */
export const greeting = "Hello!";
/** What get_weather finds, and what the model says of it. */
export const found = { temperature: 21, sky: "clear" };
export const told = "The temperature is 21 and the sky is clear.";

export interface Server extends AsyncDisposable {
  readonly app: App;
  readonly model: Model;
  /** What clients of any make take. */
  readonly fetch: typeof globalThis.fetch;
}

/** Serves the embedded model by the name "model", which is the first, and the goldens' tiny one as "tiny". */
export async function startServer(): Promise<Server> {
  const [model, tiny] = await Promise.all([load(defaultModel()), load(fixture("tiny-moe-Q4_0.gguf"))]);
  const app = createApp({ models: { model, tiny } });
  return {
    app,
    model,
    fetch: app.request,
    async [Symbol.asyncDispose]() {
      await Promise.all([model.close(), tiny.close()]);
    },
  };
}
