/** Finds tensors by name, checks their shapes and types, and remembers which were asked for. */
import { UnsupportedError, WeightsError } from "../errors.ts";
import { printable, quote } from "../gguf/quote.ts";
import type { GgufFile, TensorInfo } from "../gguf/types.ts";

export class TensorFinder {
  readonly #file: GgufFile;
  readonly #used = new Set<string>();

  constructor(file: GgufFile) {
    this.#file = file;
  }

  get #name(): string {
    return printable(this.#file.shards[0] ?? "the model");
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  /** The tensor under the first of `names` that the file has. */
  find(...names: readonly string[]): TensorInfo {
    for (const name of names) {
      const tensor = this.#file.tensors.get(name);
      if (!tensor) continue;
      this.#used.add(name);
      return tensor;
    }
    throw new WeightsError(`Cannot use ${this.#name}: tensor ${names.join(" or ")} is missing`);
  }

  /** A weight matrix, or a stack of them, of exactly this shape (fastest dimension first). */
  matrix(name: string, ...shape: readonly number[]): TensorInfo {
    return this.expectShape(this.find(name), shape);
  }

  /**
   * A tensor that the engine reads as it is: norms, router, expert bias, convolution taps. Converters write these as F32 in files of
   * every type (llama.cpp, conversion/base.py and llama-quant.cpp); a rounded router would choose other experts.
   */
  f32(names: string | readonly string[], ...shape: readonly number[]): TensorInfo {
    const tensor = this.expectShape(this.find(...[names].flat()), shape);
    if (tensor.type === "F32") return tensor;
    throw new UnsupportedError(
      `Cannot use ${this.#name}: tensor ${tensor.name} is ${tensor.type}, and this kind of tensor must be F32`,
      tensor.type,
    );
  }

  /** Trailing dimensions of 1 do not count. */
  expectShape(tensor: TensorInfo, shape: readonly number[]): TensorInfo {
    const same = Array.from({ length: Math.max(shape.length, tensor.shape.length) }).every(
      (_, i) => (tensor.shape[i] ?? 1) === (shape[i] ?? 1),
    );
    if (same) return tensor;
    throw new WeightsError(
      `Cannot use ${this.#name}: tensor ${tensor.name} is ${tensor.shape.join(" × ")}, expected ${shape.join(" × ")} from the model's configuration`,
    );
  }

  /** Tensors that nobody asked for; refuses those without which the model would compute something else. */
  unused(): string[] {
    const names = [...this.#file.tensors.keys()].filter((name) => !this.#used.has(name));
    const changing = names.find((name) => name.endsWith(".bias") || name.startsWith("rope_"));
    if (changing !== undefined) {
      throw new UnsupportedError(
        `Cannot use ${this.#name}: tensor ${quote(changing)} is not supported, and the model is wrong without it`,
        changing,
      );
    }
    return names;
  }
}
