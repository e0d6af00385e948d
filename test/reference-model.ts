/** A tiny model for the f64 forward pass: the file's header is read by src/, its weights by test/reference. */
import { readFileSync } from "node:fs";
import { readGguf } from "../src/gguf/read.ts";
import type { TensorInfo } from "../src/gguf/types.ts";
import { openFile } from "../src/runtime/node-file-source.ts";
import { readModelConfig } from "../src/weights/read-config.ts";
import { dequantize } from "./reference/formats.ts";
import type { ReferenceLayer, ReferenceModel } from "./reference/forward.ts";

export async function openReference(file: string): Promise<ReferenceModel> {
  const url = new URL(`fixtures/${file}`, import.meta.url);
  const bytes = readFileSync(url);
  const { config, tensors } = readModelConfig(await readGguf(await openFile(url.href)));
  const read = (tensor: TensorInfo): Float64Array =>
    dequantize(tensor.type, bytes.subarray(tensor.offset, tensor.offset + tensor.bytes)).weights;
  const all = <T extends Record<string, TensorInfo>>(part: T): Record<keyof T, Float64Array> =>
    Object.fromEntries(Object.entries(part).map(([name, tensor]) => [name, read(tensor)])) as Record<keyof T, Float64Array>;

  const layers = tensors.layers.map(({ operatorNorm, ffnNorm, conv, attention, dense, experts }): ReferenceLayer => {
    const common = { operatorNorm: read(operatorNorm), ffnNorm: read(ffnNorm) };
    const operator = conv ? { conv: { ...all(conv), conv: planes(read(conv.conv)) } } : { attention: all(attention!) };
    if (dense) return { ...common, ...operator, dense: all(dense) };
    const { router, bias, ...stacks } = experts!;
    const { gate, up, down } = all(stacks);
    const one = (stack: Float64Array, e: number): Float64Array => {
      const size = stack.length / config.nExperts;
      return stack.subarray(e * size, (e + 1) * size);
    };
    const each = Array.from({ length: config.nExperts }, (_, e) => ({ gate: one(gate, e), up: one(up, e), down: one(down, e) }));
    return { ...common, ...operator, experts: { router: read(router), ...(bias && { bias: read(bias) }), all: each } };
  });
  return { ...config, embedding: read(tensors.embedding), output: read(tensors.output), norm: read(tensors.norm), layers };
}

/** [channels][3] → [3][channels] */
function planes(taps: Float64Array): Float64Array {
  const channels = taps.length / 3;
  return Float64Array.from(taps, (_, i) => taps[(i % channels) * 3 + Math.floor(i / channels)]!);
}
