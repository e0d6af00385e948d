import { spawnSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FileType } from "../../bench/synthetic/layout.ts";
import { synthesize } from "../../bench/synthetic/model.ts";
import { reduce, shapes } from "../../bench/synthetic/shapes.ts";

export interface SyntheticFile {
  readonly path: string;
  readonly bytes: number;
}

/** A model of bench/synthesize.ts in bench/models; written only where it is not there yet in its right size. */
export function syntheticFile(model: string, type: FileType, to: { layers?: number; experts?: number } = {}): SyntheticFile {
  const shape = shapes.get(model);
  if (!shape) throw new RangeError(`there is no shape ${model}`);
  const { bytes } = synthesize(reduce(shape, to), type);
  const folder = fileURLToPath(new URL("../../bench/models/", import.meta.url));
  const path = `${folder}${[model, ...Object.entries(to).flat(), type].join("-")}.gguf`;
  if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return { path, bytes };
  mkdirSync(folder, { recursive: true });
  const script = fileURLToPath(new URL("../../bench/synthesize.ts", import.meta.url));
  const cuts = Object.entries(to).flatMap(([name, n]) => [`--${name}`, String(n)]);
  const { status } = spawnSync(process.execPath, ["--conditions=source", script, model, type, "-o", path, ...cuts], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
  return { path, bytes };
}
