/** Texts as vectors: the final norm's rows, pooled. */
import type { Engine } from "../engine/types.ts";
import { ContextLengthError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { EmbedOptions } from "../types.ts";
import { checkIds } from "./complete.ts";

const POOLINGS = ["mean", "last", "cls"] as const;

/**
 * See Model.embed. Texts are encoded without control tokens, with BOS where the file wants it; they are computed side by side, some at a
 * time, and each vector has the bits that it has alone: sums are f64, in the order of the positions.
 *
 * @throws {RangeError} An empty text, or an option that is none. @throws {ContextLengthError} A text does not fit.
 */
export async function embed(
  engine: Engine,
  tokenizer: Tokenizer,
  texts: readonly (string | number[])[],
  { pooling = "mean", normalize = true, signal, onTokens }: EmbedOptions,
): Promise<Float32Array[]> {
  if (!POOLINGS.includes(pooling)) throw new RangeError(`pooling must be one of ${POOLINGS.join(", ")}, not ${pooling}`);
  const prompts = texts.map((text, i) => encode(engine, tokenizer, text, i));
  onTokens?.(prompts.reduce((sum, ids) => sum + ids.length, 0));
  const failed = new AbortController();
  const options = { signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal };
  const vector = async (ids: number[]): Promise<Float32Array> => {
    const sequence = await engine.open(options);
    try {
      const pool = createPool(pooling, ids.length, engine.config.hiddenSize);
      await engine.advance(sequence, ids, { ...options, onHidden: pool.add });
      return pool.vector(normalize);
    } finally {
      engine.release(sequence);
    }
  };
  // One sequence is left for others, who would wait for all texts otherwise.
  const atOnce = Math.max(1, engine.maxSequences - 1);
  const vectors: Float32Array[] = [];
  const waiting = prompts.entries();
  const works = Array.from({ length: Math.min(atOnce, prompts.length) }, async () => {
    for (const [i, ids] of waiting) vectors[i] = await vector(ids);
  });
  try {
    await Promise.all(works);
    return vectors;
  } catch (error) {
    failed.abort(); // nobody wants the others
    await Promise.allSettled(works);
    throw error;
  }
}

function encode({ contextLength, config }: Engine, tokenizer: Tokenizer, text: string | number[], index: number): number[] {
  if (typeof text !== "string") checkIds(text, config.vocabularySize);
  const ids = typeof text === "string" ? tokenizer.encode(text, { bos: tokenizer.addBos }) : text;
  if (text.length === 0 || ids.length === 0) throw new RangeError(`text ${index} is empty: there is nothing to embed`);
  if (ids.length > contextLength) {
    throw new ContextLengthError(`text ${index} has ${ids.length} tokens, the context is ${contextLength}`, ids.length, contextLength);
  }
  return ids;
}

interface Pool {
  readonly add: (index: number, hidden: Float32Array) => void;
  readonly vector: (normalize: boolean) => Float32Array;
}

function createPool(pooling: (typeof POOLINGS)[number], length: number, size: number): Pool {
  const sum = new Float64Array(size);
  const wanted = pooling === "mean" ? undefined : pooling === "last" ? length - 1 : 0;
  return {
    add(index, hidden) {
      if (wanted !== undefined && index !== wanted) return;
      for (let j = 0; j < size; j++) sum[j]! += hidden[j]!;
    },
    vector(normalize) {
      const rows = wanted === undefined ? length : 1;
      const norm = normalize ? Math.sqrt(sum.reduce((total, v) => total + v * v, 0)) : rows;
      return Float32Array.from(sum, (v) => (norm === 0 ? 0 : v / norm));
    },
  };
}
