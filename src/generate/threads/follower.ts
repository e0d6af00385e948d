/** A thread of a model that computes for the leader. */
import { openFile, parent } from "#runtime";
import { joinEngine } from "../../engine/engine.ts";
import { openSource } from "../../weights/open-source.ts";
import type { FromFollower, ThreadData, ToFollower } from "./messages.ts";
import { bytesTeller, tellFailure } from "./tell.ts";

const port = parent();
if (!port) throw new Error("this module is a thread of a model; load starts it");
const tell = (message: FromFollower): void => port.post(message);

port.onMessage((message) => void assist((message as ToFollower).data));

async function assist({ thread, memories, loaded, input, parts }: ThreadData): Promise<void> {
  try {
    const source = input === undefined ? undefined : (await openSource(input, openFile)).source;
    const onBytes = bytesTeller(parts.weightBytes, tell);
    await joinEngine({ ...parts.shape, kernels: parts.kernels, memories, thread, loaded, onBytes, ...(source && { source }) });
    await source?.close();
  } catch (error) {
    tellFailure(error, tell);
  }
  port!.leave();
}
