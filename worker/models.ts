/** The models that an app serves, by the id that a request names. */
import type { Context } from "hono";
import type { AppOptions, Model } from "../src/index.ts";
import type { Admission } from "./admission.ts";
import { ApiError } from "./errors.ts";

export class Models {
  readonly #admissions = new Map<string, Admission>();
  readonly #created = Math.floor(Date.now() / 1000); // s
  #closed = false;
  #state: "loading" | "ready" | "failed" = "loading";

  /** @throws {RangeError} There is none. */
  constructor(models: AppOptions["models"], open: (id: string, model: Model) => Admission) {
    const add = (given: Record<string, Model> | Model): void => {
      const entries = isModel(given) ? [[given.info.id, given] as const] : Object.entries(given);
      if (entries.length === 0) throw new RangeError("createApp needs at least one model");
      for (const [id, model] of entries) this.#admissions.set(id, open(id, model));
      if (this.#closed) this.close();
      this.#state = "ready";
    };
    if (!(models instanceof Promise)) add(models);
    else
      models.then(add).catch(() => {
        this.#state = "failed"; // why, who made the promise is told
      });
  }

  get state(): "loading" | "ready" | "failed" | "stopping" {
    return this.#closed ? "stopping" : this.#state;
  }

  get admissions(): ReadonlyMap<string, Admission> {
    return this.#admissions;
  }

  /** Who waits for a model is refused, and who asks for one. */
  close(): void {
    this.#closed = true;
    for (const { queue } of this.#admissions.values()) queue.close();
  }

  /**
   * The model as this request may use it; a request that names none gets the first that it may.
   *
   * @throws {ApiError} 404 for one that is not here, 403 for one that its key may not use.
   */
  find(name: string | null | undefined, c: Context): { id: string; model: Model } {
    const visit = c.get("visit");
    const allowed = this.#allowed(c);
    const id = name ?? allowed[0] ?? "";
    const admission = this.#admissions.get(id);
    if (admission && allowed.includes(id)) return { id, model: admission.modelFor(visit) };
    if (admission || name == null) {
      throw new ApiError(403, `this key may not use ${name == null ? "any model here" : `the model ${JSON.stringify(id)}`}`, {
        param: "model",
        code: "model_not_allowed",
      });
    }
    const known = allowed.slice(0, 10).join(", ");
    throw new ApiError(404, `the model ${JSON.stringify(id.slice(0, 100))} does not exist here; there is ${known}`, {
      param: "model",
      code: "model_not_found",
    });
  }

  /** As OpenAI's clients read a list, and Anthropic's. */
  list(c: Context): object {
    const data = this.#allowed(c).map((id) => this.describe(id, c));
    const [first, last] = [this.#allowed(c)[0] ?? null, this.#allowed(c).at(-1) ?? null];
    return { object: "list", data, has_more: false, first_id: first, last_id: last };
  }

  /** @throws {ApiError} As `find` does. */
  describe(id: string, c: Context): object {
    const { info } = this.find(id, c).model;
    return {
      id,
      object: "model",
      created: this.#created,
      owned_by: "lfm-edge",
      type: "model",
      display_name: id,
      created_at: new Date(this.#created * 1000).toISOString(),
      context_length: info.contextLength,
      max_model_len: info.contextLength,
      max_input_tokens: info.contextLength,
      architecture: info.architecture,
      parameters: info.parameters,
      quantization: info.fileType,
      embedding_size: info.hiddenSize,
      reasoning: info.reasoning,
      ...(info.description !== undefined && { description: info.description }),
    };
  }

  #allowed(c: Context): string[] {
    const { models } = c.get("visit").client;
    return [...this.#admissions.keys()].filter((id) => models?.has(id) ?? true);
  }
}

function isModel(models: Record<string, Model> | Model): models is Model {
  return "chatStream" in models && typeof models.chatStream === "function";
}
