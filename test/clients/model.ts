/** The models under test, and the built server over them as a client in the same process reaches it. */
import { load, type Model } from "lfm-edge";
import { type App, createApp } from "lfm-edge/server";

const MODEL = new URL("../fixtures/tiny-moe-Q4_0.gguf", import.meta.url);
/** The same, asked to go on with what it is told: it answers questions with calls. */
const CONTINUE = "{{ bos_token }}{% for message in messages %}{{ message.content }}{% endfor %}";

export const baseURL = "http://local/v1";
/** What the model answers with a call of get_weather. */
export const question = "What time is it in Tokyo?";
/** What the teller goes on with. */
export const beginning = "Mina found the";

export interface Server extends AsyncDisposable {
  readonly app: App;
  readonly model: Model;
  readonly teller: Model;
  /** What clients of any make take. */
  readonly fetch: typeof globalThis.fetch;
}

/** Serves both by the names "model", which is the first, and "teller". */
export async function startServer(): Promise<Server> {
  const [model, teller] = await Promise.all([load(MODEL), load(MODEL, { chatTemplate: CONTINUE })]);
  const app = createApp({ models: { model, teller } });
  return {
    app,
    model,
    teller,
    fetch: app.request,
    async [Symbol.asyncDispose]() {
      await Promise.all([model.close(), teller.close()]);
    },
  };
}
