/** Models, whole or only the front of their files. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { GgufFile } from "../src/gguf/types.ts";
import type { LoadOptions, Model } from "../src/types.ts";
import { defaultModel } from "../worker/default-model.ts";
import { loadingProgress } from "./progress.ts";

/** The model that was named, or the package's own. */
export const modelPath = (named: string | undefined): string => named ?? fileURLToPath(defaultModel());

/** Tells on stderr how far it is, unless it has to be quiet, and whoever else wants to know. */
export async function openModel(
  path: string,
  options: LoadOptions,
  { quiet = false }: { quiet?: boolean | undefined },
  onProgress: NonNullable<LoadOptions["onProgress"]> = () => undefined,
): Promise<Model> {
  const { load } = await import("../src/index.ts");
  if (quiet) return load(path, { ...options, onProgress });
  const progress = loadingProgress(basename(path));
  try {
    return await load(path, {
      ...options,
      onProgress(told) {
        progress.onProgress(told);
        onProgress(told);
      },
    });
  } finally {
    progress.clear();
  }
}

/** What a file says about itself; its weights are not read. @throws {WeightsError} */
export async function readHeader(path: string): Promise<GgufFile> {
  const [{ openFile }, { openSource }, { readGguf }] = await Promise.all([
    import("#runtime"),
    import("../src/weights/open-source.ts"),
    import("../src/gguf/read.ts"),
  ]);
  const { source, shard } = await openSource(path, openFile);
  try {
    return await readGguf(source, { shard });
  } finally {
    await source.close();
  }
}
