/** What the command line says when something fails: one line, and an exit code. */
import { ContextLengthError, UnsupportedError } from "../src/errors.ts";
import { SettingError } from "../worker/settings.ts";
import { printable } from "../src/gguf/quote.ts";

/** The command was not written as it should be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** The library's options as flags. */
const flags: ReadonlyMap<string, string> = new Map([
  ["threads", "--threads"],
  ["contextLength", "--ctx"],
  ["temperature", "--temperature"],
  ["topK", "--top-k"],
  ["topP", "--top-p"],
  ["minP", "--min-p"],
  ["repetitionPenalty", "--repetition-penalty"],
  ["seed", "--seed"],
  ["maxTokens", "--max-tokens"],
  ["stop", "--stop"],
  ["cors", "--cors"],
]);

/** Undefined: nothing is to be said. */
export function explain(error: unknown): { line: string | undefined; code: number } {
  if (error instanceof Interrupted) return { line: undefined, code: EXIT.interrupted };
  const message = printable((error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "");
  if (error instanceof ContextLengthError) {
    return {
      line: `the text has ${error.tokens} tokens, the context ${error.limit}; shorten it, or pass a larger --ctx if the model has more (lfm-edge inspect says)`,
      code: EXIT.failed,
    };
  }
  if (error instanceof UsageError || error instanceof SettingError) return { line: message, code: EXIT.usage };
  const option =
    error instanceof UnsupportedError ? error.param : error instanceof RangeError ? /^[a-zA-Z]+/.exec(message)?.[0] : undefined;
  const flag = flags.get(option ?? "");
  if (option === undefined || flag === undefined || !message.startsWith(option)) return { line: message, code: EXIT.failed };
  return { line: flag + message.slice(option.length), code: EXIT.usage };
}
