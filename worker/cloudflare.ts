/**
 * The app on Cloudflare's workerd. A Durable Object holds the model, because work that several requests share must not belong to the first
 * of them: workerd stops a request's timers when its client leaves.
 */
import { load, type Model } from "../src/index.ts";
import { type App, createApp } from "./app.ts";
import { errorResponse } from "./errors.ts";

interface Fetcher {
  fetch(request: Request | string): Promise<Response>;
}

export interface Env {
  readonly MODEL: { getByName(name: string): Fetcher };
  readonly ASSETS: Fetcher;
  readonly MODEL_ASSET: string; // a GGUF file among the static assets, "/model.gguf"
  readonly MODEL_URL?: string; // or one behind a URL that answers ranges: then the asset is not read
  readonly LFM_API_KEY?: string;
}

export class ModelObject {
  readonly #env: Env;
  #app: Promise<App> | undefined;

  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }

  /** The model is loaded with the first request; where that fails, the next tries again. */
  async fetch(request: Request): Promise<Response> {
    this.#app ??= openApp(this.#env).catch((error: unknown) => {
      this.#app = undefined;
      throw error;
    });
    return this.#app.then(
      (app) => app.fetch(request),
      (error: unknown) => errorResponse(error, new URL(request.url).pathname),
    );
  }
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> => env.MODEL.getByName("model").fetch(request),
};

async function openApp(env: Env): Promise<App> {
  const models = await openModel(env);
  return createApp({ models, ...(env.LFM_API_KEY !== undefined && { apiKeys: [env.LFM_API_KEY] }) });
}

async function openModel({ ASSETS, MODEL_ASSET, MODEL_URL }: Env): Promise<Model> {
  if (MODEL_URL) return load(new URL(MODEL_URL));
  const response = await ASSETS.fetch(new URL(MODEL_ASSET, "http://assets").href);
  if (!response.ok) throw new Error(`Cannot read the asset ${MODEL_ASSET}: its status is ${response.status}`);
  return load(await response.arrayBuffer());
}
