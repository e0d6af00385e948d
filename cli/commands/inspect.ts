/** lfm-edge inspect: what is in a file. */
import { defineCommand } from "citty";
import { quote } from "../../src/gguf/quote.ts";
import type { GgufFile, MetadataValue, TensorType } from "../../src/gguf/types.ts";
import { readHeader } from "../open.ts";
import { jsonArg } from "../options.ts";
import { formatCount } from "../values.ts";

export const examples = ["lfm-edge inspect model.gguf", "lfm-edge inspect model.gguf --json | jq .config"];

/** Longer lists, a vocabulary for one, are told by their length. */
const LONGEST_LIST = 64;

export default defineCommand({
  meta: { name: "inspect", description: "Print what is in a file, without loading its weights" },
  args: { model: { type: "positional", required: true, description: "A GGUF file or its URL" }, ...jsonArg },
  async run({ args }) {
    const [file, { readModelConfig }, { countParameters }] = await Promise.all([
      readHeader(args.model),
      import("../../src/weights/read-config.ts"),
      import("../../src/weights/parameters.ts"),
    ]);
    const { config, tensors, warnings } = readModelConfig(file);
    const { total: parameters, active: activeParameters } = countParameters(config, tensors);
    const types = countTypes(file);
    if (args.json) {
      const list = [...file.tensors.values()].map(({ name, type, shape, bytes }) => ({ name, type, shape, bytes }));
      const metadata = Object.fromEntries([...file.metadata].map(([key, value]) => [key, inJson(value)]));
      const { version, shards, bytes } = file;
      console.log(
        JSON.stringify(
          { version, shards, bytes, config, parameters, activeParameters, warnings, tensorTypes: types, tensors: list, metadata },
          null,
          2,
        ),
      );
      return;
    }
    const { hiddenSize, nHeads, nKvHeads, feedForwardSize, nExperts, nExpertsPerToken, expertFeedForwardSize } = config;
    const active = activeParameters < parameters ? `, ${formatCount(activeParameters, "")} active per token` : "";
    console.log(`${file.shards.join(", ")}: GGUF version ${file.version}, ${formatCount(file.bytes)}`);
    console.log(
      `${config.name === undefined ? "no name" : quote(config.name)}: ${config.architecture}, ${config.fileType}, ${formatCount(parameters, "")} parameters${active}`,
    );
    if (config.description !== undefined) console.log(quote(config.description));
    console.log(
      `license: ${config.license === undefined ? "the file names none (Liquid AI's weights are under the LFM Open License v1.0)" : quote(config.license)}`,
    );
    console.log(`layers: ${config.layers.join(" ")}`);
    console.log(`hidden ${hiddenSize}, heads ${nHeads} with ${nKvHeads} for keys and values, feed-forward ${feedForwardSize}`);
    if (nExperts > 0)
      console.log(`experts ${nExperts} of ${expertFeedForwardSize}, ${nExpertsPerToken} per token; layers without: ${config.nDenseLayers}`);
    console.log(`vocabulary ${config.vocabularySize}, context ${config.trainedContextLength}, RoPE base ${config.ropeTheta}`);
    console.log("\ntensors");
    for (const [type, { tensors: count, bytes }] of Object.entries(types))
      console.log(`  ${type.padEnd(6)}${String(count).padStart(5)}  ${formatCount(bytes)}`);
    console.log("\nmetadata");
    for (const [key, value] of file.metadata) console.log(`  ${key} = ${inText(value)}`);
    for (const warning of warnings) console.error(`warning: ${warning}`);
  },
});

function countTypes(file: GgufFile): Partial<Record<TensorType, { tensors: number; bytes: number }>> {
  const types: Partial<Record<TensorType, { tensors: number; bytes: number }>> = {};
  for (const { type, bytes } of file.tensors.values()) {
    const count = (types[type] ??= { tensors: 0, bytes: 0 });
    count.tensors++;
    count.bytes += bytes;
  }
  return types;
}

function inJson(value: MetadataValue): unknown {
  if (typeof value !== "object") return value;
  return value.length > LONGEST_LIST ? { length: value.length } : Array.from<unknown>(value);
}

function inText(value: MetadataValue): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  if (value.length > LONGEST_LIST) return `[${value.length} values]`;
  return `[${Array.from(value as ArrayLike<unknown>, (item) => (typeof item === "string" ? quote(item) : String(item))).join(", ")}]`;
}
