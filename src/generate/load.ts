/** From a file, a URL or bytes to a Model. */
import { openFile } from "#runtime";
import { createChatTemplate, type ChatTemplate, type ChatTemplateOptions } from "../chat/chat-template.ts";
import { samplingDefaults } from "../chat/sampling-defaults.ts";
import { TemplateError } from "../chat/template-error.ts";
import { createEngine } from "../engine/engine.ts";
import { UnsupportedError, WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import { readGguf } from "../gguf/read.ts";
import type { GgufFile } from "../gguf/types.ts";
import { createTokenizer } from "../tokenizer/tokenizer.ts";
import type { LoadOptions, Model, ModelInfo, ModelInput } from "../types.ts";
import { chooseKernels, identifyKernels } from "../wasm/builds.ts";
import { openSource } from "../weights/open-source.ts";
import { countParameters } from "../weights/parameters.ts";
import { readModelConfig } from "../weights/read-config.ts";
import { createModel } from "./model.ts";

const DEFAULT_CONTEXT = 8192;
const DEFAULT_SEQUENCES = 4;
const MAX_SEQUENCES = 1024;

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
  const { source, shard } = await openSource(input, openFile);
  try {
    onProgress?.({ phase: "open", loaded: 0, total: 0 });
    const file = await readGguf(source, { shard, ...(signal && { signal }) });
    const { config, tensors } = readModelConfig(file);
    const tokenizer = createTokenizer(file.metadata, printable(shard));
    if (tokenizer.vocabularySize > config.vocabularySize) {
      throw new WeightsError(
        `Cannot use ${printable(shard)}: its tokenizer has ${tokenizer.vocabularySize} tokens, its embedding ${config.vocabularySize}`,
      );
    }
    const identity = { architecture: config.architecture, name: config.name, tokenizer };
    const template =
      options.chatTemplate === undefined
        ? ownTemplate(identity, file, shard)
        : createChatTemplate({ ...identity, template: options.chatTemplate });

    const contextLength = resolveContext(options.contextLength, config.trainedContextLength);
    const kernels = options.wasmModule ? identifyKernels(options.wasmModule) : await chooseKernels(options.kernels);
    let loaded = 0;
    const total = weightBytes(file);
    const engine = await createEngine({
      config,
      tensors,
      source,
      kernels,
      contextLength,
      maxSequences: resolveWhole("maxSequences", options.maxSequences, DEFAULT_SEQUENCES, MAX_SEQUENCES),
      kvType: options.kvType === "f32" ? "f32" : "f16",
      ...(signal && { signal }),
      onBytes(bytes) {
        loaded += bytes;
        onProgress?.({ phase: "read", loaded, total });
      },
    });
    const { total: parameters, active: activeParameters } = countParameters(config, tensors);
    const info: ModelInfo = {
      id: modelId(config.name, shard),
      architecture: config.architecture,
      parameters,
      activeParameters,
      fileType: config.fileType,
      vocabularySize: config.vocabularySize,
      trainedContextLength: config.trainedContextLength,
      contextLength,
      hiddenSize: config.hiddenSize,
      layers: [...config.layers],
      experts: config.nExperts,
      expertsPerToken: config.nExpertsPerToken,
      reasoning: template.reasoning,
      toolSyntax: template.toolSyntax,
      chatTemplate: template.source,
      samplingDefaults: samplingDefaults(identity),
      weightBytes: total,
      residentWeightBytes: total,
      threads: 1,
      kernels: kernels.build,
      paired: false,
      ...(config.license !== undefined && { license: config.license }),
    };
    onProgress?.({ phase: "ready", loaded: total, total });
    const memoryBytes = engine.core.banks.reduce((sum, bank) => sum + bank.bytes.length, 0);
    return createModel({ engine, tokenizer, template, info, bytesRead: () => loaded, memoryBytes, onClose: () => source.close() });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The file's template, or one of ours where it has none. */
function ownTemplate(identity: Omit<ChatTemplateOptions, "template">, file: GgufFile, shard: string): ChatTemplate {
  const template = file.metadata.get("tokenizer.chat_template");
  const fail = (what: string, cause?: unknown): never => {
    throw new WeightsError(`Cannot use the chat template of ${printable(shard)}: ${printable(what)}; pass one as chatTemplate`, { cause });
  };
  if (template !== undefined && typeof template !== "string") return fail("it is no text");
  try {
    return createChatTemplate({ ...identity, template });
  } catch (error) {
    if (error instanceof TemplateError) return fail(error.message, error);
    throw error;
  }
}

function refuseUnsupported({ threads, maxWeightBytes, maxMemoryBytes, kvType, pairVectors }: LoadOptions): void {
  const refuse = (param: keyof LoadOptions, why: string): never => {
    throw new UnsupportedError(`${param} is not supported: ${why}`, param);
  };
  if (threads !== undefined && threads !== 1) refuse("threads", "the model runs on one thread; leave it out or pass 1");
  if (maxWeightBytes !== undefined) refuse("maxWeightBytes", "all weights are kept in memory; leave it out");
  if (maxMemoryBytes !== undefined) refuse("maxMemoryBytes", "all weights are kept in memory; leave it out");
  if (kvType !== undefined && kvType !== "f16" && kvType !== "f32") refuse("kvType", '"f16" and "f32" are');
  if (pairVectors) refuse("pairVectors", "leave it out");
}

function resolveContext(asked: number | undefined, trained: number): number {
  return resolveWhole("contextLength", asked, Math.min(trained, DEFAULT_CONTEXT), trained);
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

/** general.name in lower-case-with-dashes, else the file's stem. */
function modelId(name: string | undefined, shard: string): string {
  const text = name?.trim() || shard.replace(/^.*[/\\]/, "").replace(/(-00001-of-\d{5})?\.gguf$/i, "");
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9.]+/g, "-")
      .replace(/^-+|-+$/g, "") || "model"
  );
}
