/** The first thread of a model: it holds the model and answers calls. */
import { openFile, parent } from "#runtime";
import { TeamError } from "../../engine/team.ts";
import type { EmbedOptions, Model, WeightSource } from "../../types.ts";
import { openSource } from "../../weights/open-source.ts";
import { createText, openModel, type Text, type TextParts } from "../open-model.ts";
import type { Embedded, FromLeader, ThreadData, ToLeader } from "./messages.ts";
import { bytesTeller, tellFailure } from "./tell.ts";
import { fromWire, toWire } from "./wire-error.ts";

const port = parent();
if (!port) throw new Error("this module is a thread of a model; load starts it");
const tell = (message: FromLeader): void => port.post(message);
const reads = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
const calls = new Map<number, AbortController>();
let text: (() => Text) | undefined;
let model: Model | undefined;

port.onMessage((data) => {
  const message = data as ToLeader;
  switch (message.type) {
    case "text":
      text = attempt(message.parts);
      break;
    case "begin":
      void begin(message.data);
      break;
    case "call":
      void answer(model!, message);
      break;
    case "abort":
      calls.get(message.call)?.abort();
      break;
    case "read":
      settleRead(message);
      break;
    case "close":
      void model!
        .close()
        .catch(() => undefined) // of a team that another thread has left
        .then(() => {
          tell({ type: "closed" });
          port.leave();
        });
  }
});

/** What is wrong with it is told where the model is opened. */
function attempt(parts: TextParts): () => Text {
  try {
    const made = createText(parts);
    return () => made;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function begin(data: ThreadData): Promise<void> {
  try {
    await lead(data);
  } catch (error) {
    tellFailure(error, tell);
    port!.leave();
  }
}

async function lead({ memories, loaded, input, parts }: ThreadData): Promise<void> {
  const source = input === undefined ? remoteSource(parts.shard) : (await openSource(input, openFile)).source;
  model = await openModel(parts, {
    text: text!,
    source,
    team: { memories, loaded },
    onBytes: bytesTeller(parts.weightBytes, tell),
    onClose: () => source.close(),
  });
  tell({ type: "ready", info: model.info, stats: model.stats() });
}

type Call = Extract<ToLeader, { type: "call" }>;

async function answer(model: Model, { call, method, input, options, aborted }: Call): Promise<void> {
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
function remoteSource(name: string): WeightSource {
  let count = 0;
  return {
    name,
    size: () => Promise.reject(new Error("the size of a source is asked for on the thread that has it")),
    read: (shard, offset, target) =>
      new Promise((resolve, reject) => {
        reads.set(++count, { resolve, reject });
        tell({ type: "read", read: count, shard, offset, target });
      }),
    close: () => Promise.resolve(),
  };
}

function settleRead({ read, error }: Extract<ToLeader, { type: "read" }>): void {
  const waiting = reads.get(read);
  reads.delete(read);
  if (error) waiting?.reject(fromWire(error));
  else waiting?.resolve();
}
