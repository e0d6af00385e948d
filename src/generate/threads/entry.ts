/** A thread of a model. The first leads: it holds the model and answers calls; the others compute for it. */
import { openFile, parent } from "#runtime";
import { joinEngine } from "../../engine/engine.ts";
import { TeamError } from "../../engine/team.ts";
import type { EmbedOptions, Model, WeightSource } from "../../types.ts";
import { openSource } from "../../weights/open-source.ts";
import { openModel } from "../open-model.ts";
import type { Embedded, FromLeader, ThreadData, ToLeader } from "./messages.ts";
import { fromWire, toWire } from "./wire-error.ts";

const port = parent();
if (!port) throw new Error("this module is a thread of a model; load starts it");
const { thread, memories, loaded, input, parts } = port.data as ThreadData;
const tell = (message: FromLeader): void => port.post(message);

/** Progress is told now and then: a message for every piece would be thousands. */
const TELL_BYTES = parts.weightBytes / 100;
let untold = 0;
function onBytes(bytes: number): void {
  untold += bytes;
  if (untold < TELL_BYTES) return;
  tell({ type: "bytes", bytes: untold });
  untold = 0;
}

async function assist(): Promise<void> {
  const source = input === undefined ? undefined : (await openSource(input, openFile)).source;
  await joinEngine({ ...parts.shape, kernels: parts.kernels, memories, thread, onBytes, ...(source && { source }) });
  await source?.close();
  port!.leave();
}

async function lead(): Promise<void> {
  const reads = new RemoteReads();
  const calls = new Map<number, AbortController>();
  let model: Model | undefined;
  port!.onMessage((data) => {
    const message = data as ToLeader;
    switch (message.type) {
      case "call":
        void answer(model!, message, calls);
        break;
      case "abort":
        calls.get(message.call)?.abort();
        break;
      case "read":
        reads.done(message);
        break;
      case "close":
        void model!.close().then(() => {
          tell({ type: "closed" });
          port!.leave();
        });
    }
  });
  const source = input === undefined ? reads.source(parts.shard) : (await openSource(input, openFile)).source;
  model = await openModel(parts, { source, team: { memories, loaded }, onBytes, onClose: () => source.close() });
  tell({ type: "ready", info: model.info, stats: model.stats() });
}

type Call = Extract<ToLeader, { type: "call" }>;

async function answer(model: Model, { call, method, input, options, aborted }: Call, calls: Map<number, AbortController>): Promise<void> {
  const controller = new AbortController();
  calls.set(call, controller);
  if (aborted) controller.abort();
  try {
    // The caller's types were checked by its compiler, its values are checked by the model.
    const given = { ...options, signal: controller.signal };
    const result = method === "embed" ? embed(model, input as never, given) : model[method](input as never, given);
    if (Symbol.asyncIterator in result) for await (const part of result) tell({ type: "part", call, part });
    const value = Symbol.asyncIterator in result ? undefined : await result;
    tell({ type: "end", call, value, stats: model.stats() });
  } catch (error) {
    // Of a thread that ended the caller hears elsewhere, and then of every call that it took along.
    if (!(error instanceof TeamError)) tell({ type: "error", call, error: toWire(error) });
  } finally {
    calls.delete(call);
  }
}

async function embed(model: Model, texts: string[], options: EmbedOptions): Promise<Embedded> {
  let tokens = 0;
  const vectors = await model.embed(texts, { ...options, onTokens: (count) => (tokens = count) });
  return { vectors, tokens };
}

/** Reads that the caller's thread does, from a source that only it has. */
class RemoteReads {
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #count = 0;

  source(name: string): WeightSource {
    return {
      name,
      size: () => Promise.reject(new Error("the size of a source is asked for on the thread that has it")),
      read: (shard, offset, target) =>
        new Promise((resolve, reject) => {
          this.#waiting.set(++this.#count, { resolve, reject });
          tell({ type: "read", read: this.#count, shard, offset, target });
        }),
      close: () => Promise.resolve(),
    };
  }

  done({ read, error }: Extract<ToLeader, { type: "read" }>): void {
    const waiting = this.#waiting.get(read);
    this.#waiting.delete(read);
    if (error) waiting?.reject(fromWire(error));
    else waiting?.resolve();
  }
}

try {
  await (thread === 0 ? lead() : assist());
} catch (error) {
  // Of a team whose other thread ended, that one is to blame.
  if (!(error instanceof TeamError)) tell({ type: "error", error: toWire(error) });
  port.leave();
}
