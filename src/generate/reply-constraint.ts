/**
 * Follows a reply token by token and says what may come next.
 *
 *   (<think> anything </think>)  then, by what was asked for:
 *   free text, in which each call block is held to the tools  ·  one call block  ·  a text of the format, or instead of it one call block
 *
 * Structures end where they are complete: by a stop token where more could follow, else at once. Before a structure a thought begins only
 * where <think> is the likeliest token of all: a model that would rather say something else, which it may not, would think without end.
 */
import type { Matcher } from "../grammar/index.ts";
import type { TokenFilter } from "../sampling/sampler.ts";
import { CALL_END, CALL_START, type Constraints, given, named, type Structure } from "./constraints.ts";

/** What may come next. */
interface Allowed {
  readonly text: "any" | Matcher | undefined; // tokens that are no control tokens; "any": those too
  readonly ids: readonly number[]; // besides, or of "any" only those that may not come
  readonly thought?: number; // besides, if it is the likeliest of all
  readonly stop: boolean; // the reply may end
}

type Place = "start" | "thinking" | "free" | "format" | "call" | "over";

export class ReplyConstraint {
  readonly #constraints: Constraints;
  readonly #structure: Structure;
  readonly #structured: boolean;
  readonly #ids: Readonly<Record<"callStart" | "callEnd" | "thinkStart" | "thinkEnd", number | undefined>>;
  #place: Place;
  #matcher: Matcher | undefined;
  #thought = 0; // tokens
  #reasoned = false;
  #called = false;

  constructor(constraints: Constraints, structure: Structure) {
    const id = (text: string): number | undefined => constraints.tokenizer.id(text);
    this.#constraints = constraints;
    this.#structure = structure;
    this.#structured = structure.format !== undefined || structure.callRequired;
    this.#ids = { callStart: id(CALL_START), callEnd: id(CALL_END), thinkStart: id("<think>"), thinkEnd: id("</think>") };
    this.#place = "start";
    if (structure.reasoning === "open" && this.#ids.thinkEnd !== undefined) this.#think();
    else if (!this.#structured) this.#place = "free";
    else if (structure.format) this.#matcher = constraints.matcher(structure.format);
  }

  /**
   * The filter for the next token; undefined: any may come. "end": none may, the reply is over.
   *
   * @param stops Ids that end a reply now. @param barred Ids that would, but may not yet.
   */
  next(stops: ReadonlySet<number>, barred: ReadonlySet<number>): TokenFilter | "end" | undefined {
    const { text, ids, thought, stop } = this.#allowed();
    if (text === "any") return ids.length + barred.size === 0 ? undefined : barring([...ids, ...barred]);
    const mask = this.#named(() => text?.mask());
    const count = mask?.count ?? 0;
    let bars = mask ? [...barred].filter((id) => mask.has(id)) : [];
    if (ids.length === 0 && count === bars.length) {
      if (stop && (count === 0 || stops.size === 0)) return "end";
      if (count === 0) throw new Error("no token of this vocabulary can go on with what the reply is held to");
      if (!stop) bars = []; // a stop token of the caller's that has to come
    }
    const also = new Set(stop ? [...ids, ...stops] : ids);
    return {
      allows: (id) => id === thought || also.has(id) || (!bars.includes(id) && text?.allows(id) === true), // it is asked for the likeliest only
      apply(logits) {
        const begins = thought !== undefined && !logits.some((logit) => logit > logits[thought]!);
        const kept = [...also, ...(begins ? [thought] : [])].map((id): [number, number] => [id, logits[id]!]);
        if (mask) mask.apply(logits);
        else logits.fill(Number.NEGATIVE_INFINITY);
        for (const id of bars) logits[id] = Number.NEGATIVE_INFINITY;
        for (const [id, value] of kept) logits[id] = value;
      },
    };
  }

  #allowed(): Allowed {
    const { calls, callBarred, callRequired, format, maxThinkingTokens } = this.#structure;
    const { callStart, callEnd, thinkStart, thinkEnd } = this.#ids;
    const only = (id: number | undefined): number[] => (id === undefined ? [] : [id]);
    switch (this.#place) {
      case "start": {
        const mayThink = this.#structure.reasoning === "auto" && !this.#reasoned && maxThinkingTokens > 0 && thinkEnd !== undefined;
        const thought = mayThink ? thinkStart : undefined;
        const call = calls && (callRequired || format) ? only(callStart) : [];
        const stop = !callRequired && this.#matcher!.complete;
        return { text: callRequired ? undefined : this.#matcher, ids: call, ...given("thought", thought), stop };
      }
      case "thinking":
        if (this.#thought >= maxThinkingTokens) return { text: undefined, ids: only(thinkEnd), stop: false };
        return this.#matcher ? { text: this.#matcher, ids: only(thinkEnd), stop: false } : { text: "any", ids: [], stop: true };
      case "free": {
        const noCall = callBarred || (this.#called && !this.#structure.parallel);
        const noThought = maxThinkingTokens === 0 && !this.#called;
        return { text: "any", ids: [...(noCall ? only(callStart) : []), ...(noThought ? only(thinkStart) : [])], stop: true };
      }
      case "format":
        return { text: this.#matcher, ids: [], stop: this.#matcher!.complete };
      case "call":
        return { text: this.#matcher, ids: this.#matcher!.complete ? only(callEnd) : [], stop: false };
      case "over":
        return { text: undefined, ids: [], stop: true };
    }
  }

  /** The token was sampled, and is no stop token. */
  accept(id: number): void {
    const { calls, format, callRequired, reasoning } = this.#structure;
    const { callStart, callEnd, thinkStart, thinkEnd } = this.#ids;
    if (this.#place === "thinking") {
      if (id === thinkEnd) this.#begin(this.#structured ? "start" : "free");
      else {
        this.#thought++;
        this.#matcher?.accept(id);
      }
    } else if (id === thinkStart && reasoning !== "none" && (this.#place === "start" || this.#place === "free")) this.#think();
    else if (id === callStart && calls && (this.#place === "free" || (this.#place === "start" && (callRequired || format))))
      this.#begin("call", calls);
    else if (this.#place === "call" && id === callEnd) {
      this.#called = true;
      this.#begin(this.#structured ? "over" : "free");
    } else if (this.#place !== "free") {
      this.#named(() => this.#matcher!.accept(id));
      if (this.#place === "start") this.#place = "format";
    }
  }

  #begin(place: Place, grammar = place === "start" ? this.#structure.format : undefined): void {
    this.#place = place;
    this.#matcher = grammar && this.#constraints.matcher(grammar);
  }

  /** Where a structure follows, its place must be told from the text too: no </think> is spelled. */
  #think(): void {
    this.#reasoned = true;
    this.#begin("thinking", this.#structured ? this.#constraints.plainText() : undefined);
  }

  #named<T>(work: () => T): T {
    return named(this.#place === "call" ? "tools" : "responseFormat", work);
  }
}

/** All tokens but some. */
export function barring(ids: Iterable<number>): TokenFilter {
  const barred = new Set(ids);
  return {
    allows: (id) => !barred.has(id),
    apply(logits) {
      for (const id of barred) logits[id] = Number.NEGATIVE_INFINITY;
    },
  };
}
