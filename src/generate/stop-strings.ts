/**
 * Stop strings in text that arrives in pieces: what could be the beginning of one is held back until it is known. The one that is complete
 * first counts, of those that end together the longest: so it does not matter how the text falls into pieces.
 */

export interface StopStrings {
  /** Takes a piece; `text` may be shown now, `stopped`: the stop string that was found, before which `text` ends. */
  push(piece: string): { text: string; stopped?: string };
  /** What is still held back when no more comes. */
  end(): string;
}

export function createStopStrings(strings: readonly string[]): StopStrings {
  const longest = strings.reduce((length, text) => Math.max(length, text.length), 0);
  let held = "";
  return {
    push(piece) {
      held += piece;
      let first: { start: number; end: number; text: string } | undefined;
      for (const text of strings) {
        const start = held.indexOf(text);
        const end = start + text.length;
        if (start >= 0 && (!first || end < first.end || (end === first.end && start < first.start))) first = { start, end, text };
      }
      if (first) {
        const text = held.slice(0, first.start);
        held = "";
        return { text, stopped: first.text };
      }
      let keep = Math.min(longest - 1, held.length);
      while (keep > 0 && !strings.some((text) => text.startsWith(held.slice(held.length - keep)))) keep--;
      const text = held.slice(0, held.length - Math.max(keep, 0));
      held = held.slice(text.length);
      return { text };
    },
    end() {
      const text = held;
      held = "";
      return text;
    },
  };
}
