/** The threads of a model, from the caller's side: starts them, hears of their end, and starts them anew. */
import { threads as runtimeThreads } from "#runtime";
import type { EnginePlan } from "../../engine/plan.ts";
import { poison, resetTeam } from "../../engine/team.ts";
import type { Thread } from "../../runtime/threads.ts";
import type { TextParts } from "../open-model.ts";
import type { FromLeader, ThreadData, ToFollower, ToLeader } from "./messages.ts";

/** Not before it is wanted: in workerd, which has no threads, modules have no address either. */
const moduleOf = (thread: "leader" | "follower"): URL =>
  new URL(`./${thread}.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** Threads that wait to begin: to import what they need takes them as long as reading the header takes the caller. */
export function startThreads(count: number): Thread[] {
  return Array.from({ length: count }, (_, i) => runtimeThreads.start(moduleOf(i === 0 ? "leader" : "follower")));
}

export interface SupervisorOptions {
  readonly plan: EnginePlan;
  /** As many as the plan has, and the first has been told the text. */
  readonly started: Thread[];
  readonly text: TextParts;
  readonly data: Omit<ThreadData, "thread" | "loaded">;
  readonly onMessage: (message: FromLeader) => void;
  /** A thread ended that should not have, or the first one while closing; all others have been ended too. */
  readonly onLost: (error: Error | undefined) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  #threads: Thread[] = [];
  #stopped: Promise<unknown> = Promise.resolve(); // of all that were asked to end
  #held = true;
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** loaded: the weights are in the memories already. */
  start(loaded: boolean): void {
    const { plan, started, text, data, onMessage } = this.#options;
    resetTeam(this.#words, plan.teamWords);
    this.#threads = started.splice(0);
    if (this.#threads.length === 0) {
      this.#threads = startThreads(plan.threads);
      this.tell({ type: "text", parts: text });
    }
    for (const [i, thread] of this.#threads.entries()) {
      thread.onMessage((message) => onMessage(message as FromLeader));
      thread.onEnd((error) => void this.#ended(thread, error));
      thread.hold(this.#held);
      thread.post({ type: "begin", data: { ...data, thread: i, loaded } } satisfies ToFollower);
    }
  }

  tell(message: ToLeader): void {
    this.#threads[0]?.post(message);
  }

  /** Whether the process waits for the threads: while something is asked of them. */
  hold(held: boolean): void {
    this.#held = held;
    for (const thread of this.#threads) thread.hold(held);
  }

  /** Asks the leader to end what runs, and the threads to end. False: there are none. */
  close(): boolean {
    this.#closing = true;
    this.tell({ type: "close" });
    return this.#threads.length > 0;
  }

  /** Ends all threads where they stand. The memories are free after this. */
  async stop(): Promise<void> {
    this.#closing = true;
    await this.#stopAll();
  }

  async #stopAll(): Promise<void> {
    poison(this.#words, this.#options.plan.teamWords);
    this.#stopped = Promise.all([this.#stopped, ...this.#threads.splice(0).map((thread) => thread.stop())]);
    await this.#stopped;
  }

  async #ended(thread: Thread, error: Error | undefined): Promise<void> {
    if (!this.#threads.includes(thread)) return;
    // The leader lets the others go before it says that all is closed. For one that ended before that, it would wait.
    if (this.#closing && thread !== this.#threads[0]) return poison(this.#words, this.#options.plan.teamWords);
    await this.#stopAll();
    this.#options.onLost(error);
  }

  get #words(): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#options.data.memories[0]!.buffer as unknown as SharedArrayBuffer);
  }
}
