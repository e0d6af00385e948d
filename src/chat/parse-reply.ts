/** A model's reply as text, reasoning and tool calls, whole or while it arrives. */
import type { ParsedReply, ReplyPart, Tool, ToolCall } from "../types.ts";
import { parseCallBody } from "./call-body.ts";
import { CALL_START, type ReplyPiece, ReplyScanner, THINK_END, THINK_START } from "./reply-scanner.ts";

export interface ParseReplyOptions {
  /** Arguments are coerced to their schemas; unknown functions are passed on. */
  tools?: readonly Tool[];
  /** "auto" (default): <think>…</think> is reasoning. "open": the prompt already ended in <think>. "none": it is text like any other. */
  reasoning?: "none" | "auto" | "open";
  /** Makes the calls' ids. */
  newId?: () => string;
  /** The choice that the parts belong to, default 0. */
  index?: number;
}

export interface ReplyParser {
  /** Takes a piece of the reply; returns what is certain now. */
  push(text: string): ReplyPart[];
  /** The reply is over: what was held back. */
  end(): ReplyPart[];
}

/**
 * Splits a reply, given with the texts of its special tokens. Never throws: what is no call is text.
 *
 * Texts before, between and after calls and reasoning are trimmed there and joined by line ends; a reply without either is left as it is.
 */
export function parseReply(text: string, options: ParseReplyOptions = {}): ParsedReply {
  const parser = createReplyParser(options);
  let content = "";
  let reasoning = "";
  const toolCalls: ToolCall[] = [];
  for (const part of [...parser.push(text), ...parser.end()]) {
    if (part.type === "text") content += part.text;
    else if (part.type === "reasoning") reasoning += part.text;
    else if (part.type === "tool-call") toolCalls.push({ id: part.id, name: part.name, arguments: {} });
    else if (part.type === "tool-arguments") {
      const call = toolCalls[part.callIndex];
      if (call !== undefined) call.arguments = JSON.parse(part.json) as Record<string, unknown>;
    }
  }
  return { content, reasoning: reasoning === "" ? null : reasoning, toolCalls };
}

/** The same, piece by piece: no token's text is ever sent, and nothing sent is taken back. Joined, the parts are those of the whole. */
export function createReplyParser(options: ParseReplyOptions = {}): ReplyParser {
  return new StreamingParser(options);
}

class StreamingParser implements ReplyParser {
  readonly #scanner: ReplyScanner;
  readonly #tools: readonly Tool[];
  readonly #newId: () => string;
  readonly #index: number;
  readonly #texts = { text: new TrimmedText(), reasoning: new TrimmedText() };
  #state: "text" | "reasoning" | "call";
  #body: ReplyPiece[] = []; // of the call block that is open
  #echo: Echo | undefined; // looks for the last body, said again in plain text as some models do
  #calls = 0;
  #parts: ReplyPart[] = [];

  constructor({ tools = [], reasoning = "auto", newId = randomId, index = 0 }: ParseReplyOptions) {
    this.#scanner = new ReplyScanner(reasoning !== "none");
    this.#tools = tools;
    this.#newId = newId;
    this.#index = index;
    this.#state = reasoning === "open" ? "reasoning" : "text";
    if (reasoning === "open") {
      this.#texts.text.cut();
      this.#texts.reasoning.cut();
    }
  }

  push(text: string): ReplyPart[] {
    for (const piece of this.#scanner.push(text)) {
      if ("text" in piece) this.#text(piece.text);
      else this.#token(piece.token);
    }
    return this.#take();
  }

  end(): ReplyPart[] {
    for (const piece of this.#scanner.end()) if ("text" in piece) this.#text(piece.text);
    if (this.#state === "call") this.#closeCall();
    this.#endEcho();
    this.#emit("text", this.#texts.text.end());
    return this.#take();
  }

  #take(): ReplyPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  #token(token: string): void {
    if (this.#state === "call") {
      if (token === THINK_START || token === THINK_END)
        this.#body.push({ token }); // in a string, as a rule
      else {
        this.#closeCall();
        if (token === CALL_START) this.#openCall();
      }
    } else if (this.#state === "reasoning") {
      if (token === THINK_END) this.#state = "text"; // calls are not looked for inside of reasoning
    } else {
      this.#endEcho();
      if (token === CALL_START) this.#openCall();
      else if (token === THINK_START) {
        this.#texts.text.cut();
        this.#texts.reasoning.cut();
        this.#state = "reasoning";
      }
    }
  }

  #text(text: string): void {
    if (this.#state === "call") this.#body.push({ text });
    else if (this.#state === "reasoning") this.#emit("reasoning", this.#texts.reasoning.push(text));
    else if (this.#echo === undefined) this.#emit("text", this.#texts.text.push(text));
    else {
      const rest = this.#echo.push(text);
      if (rest === undefined) return;
      this.#echo = undefined;
      this.#emit("text", this.#texts.text.push(rest));
    }
  }

  #endEcho(): void {
    const text = this.#echo?.end() ?? "";
    this.#echo = undefined;
    this.#emit("text", this.#texts.text.push(text));
  }

  #openCall(): void {
    this.#texts.text.cut();
    this.#state = "call";
    this.#body = [];
    this.#echo = undefined;
  }

  #closeCall(): void {
    const pieces = this.#body;
    const body = pieces.map((piece) => ("text" in piece ? piece.text : piece.token)).join("");
    this.#body = [];
    this.#state = "text";
    const calls = parseCallBody(body, this.#tools);
    if (calls === undefined) {
      for (const piece of pieces) if ("text" in piece) this.#emit("text", this.#texts.text.push(piece.text));
      this.#texts.text.cut();
      return;
    }
    for (const call of calls) {
      const at = { index: this.#index, callIndex: this.#calls++ };
      this.#parts.push({ type: "tool-call", ...at, id: this.#newId(), name: call.name });
      this.#parts.push({ type: "tool-arguments", ...at, json: JSON.stringify(call.arguments) });
    }
    if (calls.length > 0) this.#echo = new Echo(body.trim());
  }

  #emit(type: "text" | "reasoning", text: string): void {
    if (text !== "") this.#parts.push({ type, index: this.#index, text });
  }
}

/** Text that may turn out to repeat a call's body. */
class Echo {
  readonly #body: string;
  #matched = 0;
  #space = "";

  constructor(body: string) {
    this.#body = body;
  }

  /** Undefined: it may be a repetition still. Else what is text: all of it, or what follows the repetition. */
  push(text: string): string | undefined {
    let rest = text;
    if (this.#matched === 0) {
      rest = text.trimStart();
      this.#space += text.slice(0, text.length - rest.length);
    }
    const missing = this.#body.length - this.#matched;
    if (!this.#body.startsWith(rest.slice(0, missing), this.#matched)) return this.end() + rest;
    if (rest.length >= missing) return rest.slice(missing);
    this.#matched += rest.length;
    return undefined;
  }

  /** What looked like a repetition and is none. */
  end(): string {
    return this.#space + this.#body.slice(0, this.#matched);
  }
}

/** Text in segments: trimmed where it was cut, joined by line ends. */
class TrimmedText {
  #space = ""; // white space that is text only if more text follows
  #said = false;
  #fresh = false; // nothing was said since the last cut
  #cuts = false; // there was a cut

  push(text: string): string {
    const said = text.trimEnd();
    if (said === "") {
      this.#space += text;
      return "";
    }
    const body = this.#space + said;
    this.#space = text.slice(said.length);
    const out = this.#fresh ? (this.#said ? "\n" : "") + body.trimStart() : body;
    this.#fresh = false;
    this.#said = true;
    return out;
  }

  cut(): void {
    this.#space = "";
    this.#fresh = true;
    this.#cuts = true;
  }

  /** The white space at the very end, if nothing was ever cut. */
  end(): string {
    const space = this.#cuts ? "" : this.#space;
    this.#space = "";
    return space;
  }
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** "call_" and 24 characters, as OpenAI's ids look. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `call_${Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("")}`;
}
