/** Token bytes to text while they arrive. */

export interface Detokenizer {
  /** Takes one token and returns the text that is complete now; "" while a character is still partial. */
  push(id: number): string;
  /** What was held back: a character cut by the end of the stream is U+FFFD. The detokenizer starts anew. */
  end(): string;
}

/**
 * Streams text so that it never takes back: the pieces joined are `decode` of all ids, however the bytes of a character are spread over tokens.
 *
 * @param bytesOf A token's bytes; empty for a token that prints nothing.
 */
export function createDetokenizer(bytesOf: (id: number) => Uint8Array): Detokenizer {
  const decoder = textDecoder();
  return {
    push: (id) => decoder.decode(bytesOf(id), { stream: true }),
    end: () => decoder.decode(),
  };
}

/** Invalid bytes are U+FFFD, and a byte order mark is text like any other. */
export const textDecoder = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true });
