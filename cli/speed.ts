import type { Usage } from "../src/types.ts";

/** "prefill 15 tokens, 812 tok/s · decode 32 tokens, 260 tok/s" */
export function describeSpeed({ promptTokens, prefillMs, completionTokens, decodeMs }: Usage): string {
  const side = (what: string, tokens: number, steps: number, ms: number): string =>
    `${what} ${tokens} ${tokens === 1 ? "token" : "tokens"}${ms > 0 && steps > 0 ? `, ${rate((steps * 1000) / ms)} tok/s` : ""}`;
  // A reply's first token comes out of the prompt's computation.
  return `${side("prefill", promptTokens, promptTokens, prefillMs)} · ${side("decode", completionTokens, completionTokens - 1, decodeMs)}`;
}

const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 100 ? 1 : 0);
