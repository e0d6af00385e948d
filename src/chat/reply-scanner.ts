/** Cuts a stream of reply text at the tokens that structure it. */

/** Token texts that a reply's reader acts on, or that never belong to what a person reads. */
export const CALL_START = "<|tool_call_start|>";
export const CALL_END = "<|tool_call_end|>";
export const THINK_START = "<think>";
export const THINK_END = "</think>";
const MESSAGE_END = ["<|im_end|>", "<|endoftext|>"];

export type ReplyPiece = { readonly token: string } | { readonly text: string };

/** The same pieces (but for where texts are cut) however the text arrives: what may become a token is held back. */
export class ReplyScanner {
  readonly #tokens: readonly string[];
  readonly #pattern: RegExp;
  #held = "";

  /** @param reasoning False: <think> is text like any other. */
  constructor(reasoning: boolean) {
    this.#tokens = [CALL_START, CALL_END, ...MESSAGE_END, ...(reasoning ? [THINK_START, THINK_END] : [])];
    this.#pattern = new RegExp(`(${this.#tokens.map((token) => token.replace(/[|]/g, "\\$&")).join("|")})`);
  }

  push(text: string): ReplyPiece[] {
    const pieces: ReplyPiece[] = [];
    const cut = (this.#held + text).split(this.#pattern); // text, token, text, token, …, text
    const rest = cut.pop() ?? "";
    for (const [i, piece] of cut.entries()) {
      if (i % 2 === 1) pieces.push({ token: piece });
      else if (piece !== "") pieces.push({ text: piece });
    }
    const held = this.#heldBack(rest);
    this.#held = rest.slice(rest.length - held);
    if (rest.length > held) pieces.push({ text: rest.slice(0, rest.length - held) });
    return pieces;
  }

  end(): ReplyPiece[] {
    const text = this.#held;
    this.#held = "";
    return text === "" ? [] : [{ text }];
  }

  /** How many characters at the end of the text may be the start of a token. Tokens have one "<", at their start. */
  #heldBack(text: string): number {
    const start = text.lastIndexOf("<");
    if (start === -1) return 0;
    const tail = text.slice(start);
    return this.#tokens.some((token) => token.startsWith(tail)) ? tail.length : 0;
  }
}
