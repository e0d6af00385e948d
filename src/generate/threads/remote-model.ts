/** A Model whose work is done by threads of its own. Text that needs no weights is made here. */
import { UnsupportedError } from "../../errors.ts";
import type { Completion, CompletionPart, Evaluation, Model, Reply, ReplyPart } from "../../types.ts";
import { createText, type Text } from "../open-model.ts";
import type { Embedded } from "./messages.ts";
import { Link, type LinkOptions } from "./link.ts";

/** Starts the threads, which read the weights. @throws {WeightsError | UnsupportedError | OutOfMemoryError} Or the signal's reason. */
export async function loadRemoteModel(options: LinkOptions): Promise<Model> {
  const link = new Link(options);
  try {
    await link.start();
  } catch (error) {
    await link.abandon();
    throw error;
  }
  const unsupported = (what: string): Promise<never> => Promise.reject(new UnsupportedError(`${what} is not supported yet`, what));
  // Tables of 128 000 tokens are not made twice for programs that never ask.
  let made: Text | undefined;
  const text = (): Text => (made ??= createText(options.text));
  return {
    info: link.info,
    chat: (messages, given = {}) => link.call("chat", messages, given) as Promise<Reply>,
    chatStream: (messages, given = {}) => link.stream<ReplyPart>("chatStream", messages, given),
    complete: (prompt, given = {}) => link.call("complete", prompt, given) as Promise<Completion>,
    completeStream: (prompt, given = {}) => link.stream<CompletionPart>("completeStream", prompt, given),
    evaluate: (ids, given = {}) => link.call("evaluate", ids, given) as Promise<Evaluation>,
    tokenize: (content, given) => text().tokenizer.encode(content, given),
    detokenize: (ids, given) => text().tokenizer.decode(ids, given),
    applyTemplate: (messages, given) => text().template.render(messages, given).text,
    countTokens: (messages, given = {}) => link.call("countTokens", messages, given) as Promise<number>,
    async embed(texts, { onTokens, ...given } = {}) {
      const { vectors, tokens } = (await link.call("embed", texts, given)) as Embedded;
      onTokens?.(tokens);
      return vectors;
    },
    session: () => unsupported("session"),
    restore: () => unsupported("restore"),
    stats: () => link.stats(),
    close: () => link.close(),
    [Symbol.asyncDispose]: () => link.close(),
  };
}
