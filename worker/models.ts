/** The models that an app serves, by the id that a request names. */
import type { Model } from "../src/index.ts";
import { ApiError } from "./errors.ts";

export class Models {
  readonly #models: ReadonlyMap<string, Model>;
  readonly #created = Math.floor(Date.now() / 1000); // s

  /** @throws {RangeError} There is none. */
  constructor(models: Record<string, Model> | Model) {
    this.#models = new Map(isModel(models) ? [[models.info.id, models]] : Object.entries(models));
    if (this.#models.size === 0) throw new RangeError("createApp needs at least one model");
  }

  /** A request that names no model gets the first. @throws {ApiError} 404 for one that is not here. */
  find(name: string | null | undefined): { id: string; model: Model } {
    const [first] = this.#models;
    const id = name ?? first![0];
    const model = this.#models.get(id);
    if (model) return { id, model };
    const known = [...this.#models.keys()].slice(0, 10).join(", ");
    throw new ApiError(404, `the model ${JSON.stringify(id.slice(0, 100))} does not exist here; there is ${known}`, {
      param: "model",
      code: "model_not_found",
    });
  }

  list(): object {
    return {
      object: "list",
      data: [...this.#models.keys()].map((id) => ({ id, object: "model", created: this.#created, owned_by: "lfm-edge" })),
    };
  }
}

function isModel(models: Record<string, Model> | Model): models is Model {
  return "chatStream" in models && typeof models.chatStream === "function";
}
