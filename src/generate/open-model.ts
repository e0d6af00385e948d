/** From a file's header to a Model: what is the same on the caller's thread and on one of its own. */
import { createChatTemplate, type ChatTemplate, type ChatTemplateOptions } from "../chat/chat-template.ts";
import { samplingDefaults } from "../chat/sampling-defaults.ts";
import { TemplateError } from "../chat/template-error.ts";
import { createEngine } from "../engine/engine.ts";
import type { EngineShape } from "../engine/plan.ts";
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";
import type { MetadataValue } from "../gguf/types.ts";
import { createTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Model, ModelInfo, WeightSource } from "../types.ts";
import type { KernelModule } from "../wasm/builds.ts";
import type { ModelConfig } from "../weights/config.ts";
import { countParameters } from "../weights/parameters.ts";
import { createModel } from "./model.ts";

/** What a model is made of, but for its text; it can be posted to another thread. */
export interface ModelParts {
  readonly shard: string; // the file's name, or its first part's
  readonly shape: Required<Omit<EngineShape, "bankBytes">>;
  readonly aloneRows: number; // see EngineOptions
  readonly kernels: KernelModule;
  readonly weightBytes: number;
}

/** What a model's text is made of; it can be posted, too. */
export interface TextParts {
  readonly shard: string;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly chatTemplate?: string; // in place of the file's own
  readonly config: ModelConfig;
}

export interface OpenModelOptions {
  /** createText, or what came of it. */
  readonly text: () => Text;
  readonly source: WeightSource;
  /** Banks that several threads share, and whether they hold the weights already. */
  readonly team?: { readonly memories: readonly WebAssembly.Memory[]; readonly loaded: boolean };
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  readonly onClose: () => Promise<void>;
}

/** Reads the weights. @throws {WeightsError | UnsupportedError | OutOfMemoryError} */
export async function openModel(
  parts: ModelParts,
  { text: makeText, source, team, onBytes, signal, onClose }: OpenModelOptions,
): Promise<Model> {
  const { shape, aloneRows, kernels } = parts;
  const unusable = new AbortController();
  let bytesRead = 0;
  // The first pieces are on their way while the text's tables are made, if they are not yet.
  const reading = createEngine({
    ...shape,
    aloneRows,
    kernels,
    source,
    ...team,
    signal: signal ? AbortSignal.any([signal, unusable.signal]) : unusable.signal,
    onBytes(bytes) {
      bytesRead += bytes;
      onBytes?.(bytes);
    },
  });
  reading.catch(() => undefined); // it is waited for below
  let text: Text;
  try {
    text = makeText();
  } catch (error) {
    unusable.abort(error);
    await reading.then(
      (engine) => engine.close(),
      () => undefined,
    );
    throw error;
  }
  const engine = await reading;
  const memoryBytes = engine.core.banks.reduce((sum, bank) => sum + bank.bytes.length, 0);
  return createModel({
    engine,
    ...text,
    info: describe(parts, text),
    bytesRead: () => bytesRead,
    memoryBytes,
    onClose,
  });
}

/** What turns text into ids and back. */
export interface Text {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
}

/** @throws {WeightsError} The file's tables do not fit its weights, or its template is none. */
export function createText({ shard, metadata, chatTemplate, config }: TextParts): Text {
  const tokenizer = createTokenizer(metadata, printable(shard));
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new WeightsError(
      `Cannot use ${printable(shard)}: its tokenizer has ${tokenizer.vocabularySize} tokens, its embedding ${config.vocabularySize}`,
    );
  }
  const identity = { architecture: config.architecture, name: config.name, tokenizer };
  const template =
    chatTemplate === undefined ? ownTemplate(identity, metadata, shard) : createChatTemplate({ ...identity, template: chatTemplate });
  return { tokenizer, template };
}

/** The file's template, or one of ours where it has none. */
function ownTemplate(identity: Omit<ChatTemplateOptions, "template">, metadata: TextParts["metadata"], shard: string): ChatTemplate {
  const template = metadata.get("tokenizer.chat_template");
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

function describe({ shard, shape, kernels, weightBytes }: ModelParts, { tokenizer, template }: ReturnType<typeof createText>): ModelInfo {
  const { config, tensors, contextLength, maxSequences, threads } = shape;
  const { total: parameters, active: activeParameters } = countParameters(config, tensors);
  return {
    id: modelId(config.name, shard),
    architecture: config.architecture,
    parameters,
    activeParameters,
    fileType: config.fileType,
    vocabularySize: config.vocabularySize,
    trainedContextLength: config.trainedContextLength,
    contextLength,
    maxSequences,
    hiddenSize: config.hiddenSize,
    layers: [...config.layers],
    experts: config.nExperts,
    expertsPerToken: config.nExpertsPerToken,
    reasoning: template.reasoning,
    toolSyntax: template.toolSyntax,
    chatTemplate: template.source,
    samplingDefaults: samplingDefaults({ architecture: config.architecture, name: config.name, tokenizer }),
    weightBytes,
    residentWeightBytes: weightBytes,
    threads,
    kernels: kernels.build,
    paired: kernels.paired,
    ...(config.description !== undefined && { description: config.description }),
    ...(config.license !== undefined && { license: config.license }),
  };
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
