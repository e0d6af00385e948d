/** What every thread of a model tells its caller in the same way. */
import { TeamError } from "../../engine/team.ts";
import type { FromFollower } from "./messages.ts";
import { toWire } from "./wire-error.ts";

/** Progress is told now and then: a message for every piece would be thousands. */
export function bytesTeller(weightBytes: number, tell: (message: FromFollower) => void): (bytes: number) => void {
  let untold = 0;
  return (bytes) => {
    untold += bytes;
    if (untold < weightBytes / 100) return;
    tell({ type: "bytes", bytes: untold });
    untold = 0;
  };
}

/** Of a team whose other thread ended, that one is to blame. */
export function tellFailure(error: unknown, tell: (message: FromFollower) => void): void {
  if (!(error instanceof TeamError)) tell({ type: "error", error: toWire(error) });
}
