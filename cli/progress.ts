/** How far loading is, on stderr: a bar on a terminal, else a line now and then. */
import type { LoadOptions } from "../src/types.ts";
import { formatCount } from "./values.ts";

const BAR_WIDTH = 24;
const BAR_MS = 100; // between two drawings
const LINE_MS = 3000; // between two lines of a log

type OnProgress = NonNullable<LoadOptions["onProgress"]>;

export interface Progress {
  readonly onProgress: OnProgress;
  /** Takes the bar away. */
  clear(): void;
}

export function loadingProgress(
  name: string,
  stderr: NodeJS.WriteStream = process.stderr,
  clock = (): number => performance.now(),
): Progress {
  let last = clock();
  let drawn = false;
  const onProgress: OnProgress = ({ loaded, total }) => {
    const now = clock();
    if (total === 0 || now - last < (stderr.isTTY ? BAR_MS : LINE_MS)) return;
    last = now;
    const done = Math.min(loaded / total, 1);
    const said = `${Math.floor(done * 100)} %  ${formatCount(loaded)} of ${formatCount(total)}`;
    if (!stderr.isTTY) stderr.write(`loading ${name}: ${said}\n`);
    else {
      const filled = Math.round(done * BAR_WIDTH);
      stderr.write(`\r\x1b[Kloading ${name} ${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${said}`);
      drawn = true;
    }
  };
  return {
    onProgress,
    clear() {
      if (drawn) stderr.write("\r\x1b[K");
    },
  };
}
