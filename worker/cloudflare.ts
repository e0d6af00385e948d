/**
 * The app on Cloudflare's workerd. A Durable Object holds the model, because work that several requests share must not belong to the first
 * of them: workerd stops a request's timers when its client leaves.
 */
import { load, type LogEntry, type Model } from "../src/index.ts";
import { type App, createApp } from "./app.ts";
import { errorResponse } from "./errors.ts";
import { logLine } from "./log.ts";
import { environment, readSettings, refusePublic, type ServerSettings, type SettingName } from "./settings.ts";

interface Fetcher {
  fetch(request: Request | string): Promise<Response>;
}

/** Vars and secrets; of the settings those that docs/serving.md lists for Cloudflare. */
export interface Env extends Readonly<Partial<Record<SettingName, string>>> {
  readonly MODEL: { getByName(name: string): Fetcher };
  readonly ASSETS: Fetcher;
  readonly MODEL_ASSET: string; // a GGUF file among the static assets, "/model.gguf"
  readonly MODEL_URL?: string; // or one behind a URL that answers ranges: then the asset is not read
}

interface Opened {
  readonly app: App;
  readonly settings: ServerSettings;
}

export class ModelObject {
  readonly #env: Env;
  #opened: Promise<Opened> | undefined;

  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }

  /** The model is loaded with the first request; where that fails, the next tries again. */
  async fetch(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    this.#opened ??= open(this.#env, hostname).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    try {
      const { app, settings } = await this.#opened;
      refusePublic({ ...settings, hostname }); // each time: a worker has several addresses
      return await app.fetch(request, { clientAddress: request.headers.get("cf-connecting-ip") ?? undefined });
    } catch (error) {
      return errorResponse(error, pathname);
    }
  }
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> => env.MODEL.getByName("model").fetch(request),
};

async function open(env: Env, hostname: string): Promise<Opened> {
  const settings = await readSettings(environment((name) => env[name as SettingName]));
  refusePublic({ ...settings, hostname });
  const { log } = settings;
  const models = await openModel(env, settings);
  const app = createApp({ ...settings.app, models, ...(log && { log: (entry) => console.log(logLine(entry as LogEntry, log)) }) });
  return { app, settings };
}

async function openModel({ ASSETS, MODEL_ASSET, MODEL_URL }: Env, { maxSequences }: ServerSettings): Promise<Model> {
  const options = maxSequences === undefined ? {} : { maxSequences };
  if (MODEL_URL) return load(new URL(MODEL_URL), options);
  const response = await ASSETS.fetch(new URL(MODEL_ASSET, "http://assets").href);
  if (!response.ok) throw new Error(`Cannot read the asset ${MODEL_ASSET}: its status is ${response.status}`);
  return load(await response.arrayBuffer(), options);
}
