/** From a file, a URL or bytes to a Model. */
import { openFile, threads as runtimeThreads } from "#runtime";
import { planEngine } from "../engine/plan.ts";
import { UnsupportedError } from "../errors.ts";
import { readGguf } from "../gguf/read.ts";
import type { Thread } from "../runtime/threads.ts";
import type { GgufFile } from "../gguf/types.ts";
import type { LoadOptions, Model, ModelInput } from "../types.ts";
import { chooseKernels, identifyKernels } from "../wasm/builds.ts";
import { pairVectors } from "../wasm/pair-vectors.ts";
import type { KernelGroup } from "../wasm/probe.ts";
import type { ModelConfig } from "../weights/config.ts";
import { openSource } from "../weights/open-source.ts";
import { countParameters } from "../weights/parameters.ts";
import { readModelConfig } from "../weights/read-config.ts";
import { createText, openModel, type ModelParts, type TextParts } from "./open-model.ts";
import type { ToLeader } from "./threads/messages.ts";
import { loadRemoteModel } from "./threads/remote-model.ts";
import { startThreads } from "./threads/supervisor.ts";

const DEFAULT_CONTEXT = 8192;
const DEFAULT_SEQUENCES = 4;
const MAX_SEQUENCES = 1024;
const MAX_THREADS = 256;
/**
 * Weights times rows of a step that threads do not share if nobody says how many there are to be: to meet at 45 barriers takes a small model longer
 * than it saves. Two cores of an AMD EPYC take 0.8 ms with one thread and 1.2 with two for one row of the embedded model (3.3 million), 0.9 and 1.4
 * for two; with four, it depends on who else is there.
 */
const ALONE_WORK = 8e6;

/**
 * Loads an LFM2 or LFM2.5 model from GGUF.
 *
 * @param input A path or URL (of a split file: any part), a Blob, bytes, or a source of your own.
 * @throws {WeightsError} The file is not what it should be.
 * @throws {UnsupportedError} An architecture, a tensor type or an option that does not exist here; `param` names it.
 * @throws {OutOfMemoryError} The memory it needs could not be had.
 */
export async function load(input: ModelInput, options: LoadOptions = {}): Promise<Model> {
  refuseUnsupported(options);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const threads =
    runtimeThreads && options.threads !== 0 ? resolveWhole("threads", options.threads, runtimeThreads.count, MAX_THREADS) : undefined;
  const { source, shard } = await openSource(input, openFile);
  let started: Thread[] = [];
  try {
    if (threads !== undefined) started = startThreads(threads);
    const [leader] = started;
    const chosen = options.wasmModule ? Promise.resolve(identifyKernels(options.wasmModule)) : chooseKernels(options.kernels);
    chosen.catch(() => undefined); // it is waited for below
    onProgress?.({ phase: "open", loaded: 0, total: 0 });
    const file = await readGguf(source, { shard, ...(signal && { signal }) });
    const { config, tensors } = readModelConfig(file);
    const { metadata } = file;
    const { chatTemplate } = options;
    const text: TextParts = { shard, metadata, config, ...(chatTemplate !== undefined && { chatTemplate }) };
    leader?.post({ type: "text", parts: text } satisfies ToLeader); // it makes the tables while kernels are chosen here
    const sizes = resolveSizes(options, config);
    const unpaired = await chosen;
    const needed: KernelGroup[] = ["vectors", `kv ${sizes.kvType}`, ...Array.from(file.tensors.values(), ({ type }) => type)];
    const kernels = options.pairVectors && !options.wasmModule ? await pairVectors(unpaired, needed) : unpaired;
    const parts: ModelParts = {
      shard,
      kernels,
      aloneRows: options.threads === undefined ? Math.floor(ALONE_WORK / countParameters(config, tensors).active) : 0,
      weightBytes: weightBytes(file),
      shape: { config, tensors, build: kernels.build, threads: threads ?? 1, ...sizes },
    };
    let loaded = 0;
    const total = parts.weightBytes;
    const common = {
      source,
      onBytes(bytes: number) {
        loaded += bytes;
        onProgress?.({ phase: "read", loaded, total });
      },
      ...(signal && { signal }),
    };
    const model = leader
      ? await loadRemoteModel({ ...common, parts, text, started, plan: planEngine(parts.shape), input: openAnywhere(input) })
      : await openModel(parts, { ...common, text: () => createText(text), onClose: () => source.close() });
    onProgress?.({ phase: "ready", loaded: total, total });
    return model;
  } catch (error) {
    await Promise.all(started.map((thread) => thread.stop()));
    await source.close();
    throw error;
  }
}

function resolveSizes({ contextLength, maxSequences, kvType = "f16" }: LoadOptions, { trainedContextLength }: ModelConfig) {
  return {
    contextLength: resolveWhole("contextLength", contextLength, Math.min(trainedContextLength, DEFAULT_CONTEXT), trainedContextLength),
    maxSequences: resolveWhole("maxSequences", maxSequences, DEFAULT_SEQUENCES, MAX_SEQUENCES),
    kvType,
  };
}

/** What every thread can open by itself: not bytes, which would be copied, nor a Blob of a file, which Node does not clone. */
function openAnywhere(input: ModelInput): string | undefined {
  if (input instanceof URL) return input.href;
  return typeof input === "string" ? input : undefined;
}

function refuseUnsupported({ threads, maxWeightBytes, maxMemoryBytes, kvType }: LoadOptions): void {
  const refuse = (param: keyof LoadOptions, why: string): never => {
    throw new UnsupportedError(`${param} is not supported: ${why}`, param);
  };
  if (threads !== undefined && threads !== 0 && !runtimeThreads) refuse("threads", "this runtime has none; leave it out or pass 0");
  if (maxWeightBytes !== undefined) refuse("maxWeightBytes", "all weights are kept in memory; leave it out");
  if (maxMemoryBytes !== undefined) refuse("maxMemoryBytes", "all weights are kept in memory; leave it out");
  if (kvType !== undefined && !["f32", "f16", "q8"].includes(kvType)) refuse("kvType", '"f32", "f16" and "q8" are');
}

function resolveWhole(name: string, asked: number | undefined, otherwise: number, max: number): number {
  const value = asked ?? otherwise;
  if (!Number.isSafeInteger(value) || value < 1 || value > max)
    throw new RangeError(`${name} must be a whole number from 1 to ${max}, not ${String(value)}`);
  return value;
}

function weightBytes(file: GgufFile): number {
  let bytes = 0;
  for (const tensor of file.tensors.values()) bytes += tensor.bytes;
  return bytes;
}
