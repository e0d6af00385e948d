/**
 * GPT-2's byte-level alphabet: every byte is one printable character, so that a vocabulary of byte strings can be kept as text.
 * Bytes that Latin-1 prints stand for themselves, the other 68 follow from U+0100 (openai/gpt-2, src/encoder.py, bytes_to_unicode).
 */

const isPrintable = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

const charOfByte: string[] = [];
const byteOfChar = new Map<string, number>();
for (let byte = 0, next = 0x100; byte < 256; byte++) {
  const char = String.fromCharCode(isPrintable(byte) ? byte : next++);
  charOfByte.push(char);
  byteOfChar.set(char, byte);
}

/** The 256 characters, indexed by byte. */
export const byteAlphabet: readonly string[] = charOfByte;

const encoder = new TextEncoder();

/** Text as byte-level characters, one per UTF-8 byte. A lone surrogate becomes U+FFFD, as TextEncoder has it. */
export function toByteLevel(text: string): string {
  let mapped = "";
  for (const byte of encoder.encode(text)) mapped += charOfByte[byte];
  return mapped;
}

/** The bytes that a token's byte-level text stands for, or undefined if it has a character outside the alphabet. */
export function fromByteLevel(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfChar.get(token.charAt(i));
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
