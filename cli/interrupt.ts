import { EXIT, Interrupted } from "./errors.ts";

/** Aborts at Ctrl-C; a second one ends the program where it stands. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Interrupted("interrupted"));
  });
  return controller.signal;
}
