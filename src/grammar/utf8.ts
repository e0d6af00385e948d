/** Ranges of characters as sequences of byte ranges, as in Rust's utf8-ranges (after Ken Thompson's grep). */
import type { Range } from "./expression.ts";

export type ByteRange = readonly [first: number, last: number];

/** Last code points of one, two, three and four bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];
const [SURROGATES, AFTER_SURROGATES] = [0xd800, 0xe000];

/** Each sequence is a product of its ranges; together they are exactly the UTF-8 of the range's characters. */
export function utf8Sequences([first, last]: Range): ByteRange[][] {
  const sequences: ByteRange[][] = [];
  const waiting: Range[] = [[first, last]];
  next: for (let range = waiting.pop(); range; range = waiting.pop()) {
    const [low, high] = range;
    if (low > high) continue;
    if (low < AFTER_SURROGATES && high >= SURROGATES) {
      waiting.push([AFTER_SURROGATES, high], [low, SURROGATES - 1]);
      continue;
    }
    for (const limit of LAST_OF_LENGTH) {
      if (low <= limit && high > limit) {
        waiting.push([limit + 1, high], [low, limit]);
        continue next;
      }
    }
    const length = LAST_OF_LENGTH.findIndex((limit) => high <= limit) + 1;
    for (let i = 1; i < length; i++) {
      const mask = (1 << (6 * i)) - 1; // the bits of the last i bytes
      if ((low & ~mask) === (high & ~mask)) continue;
      if ((low & mask) !== 0) {
        waiting.push([(low | mask) + 1, high], [low, low | mask]);
        continue next;
      }
      if ((high & mask) !== mask) {
        waiting.push([high & ~mask, high], [low, (high & ~mask) - 1]);
        continue next;
      }
    }
    const [a, b] = [encode(low, length), encode(high, length)];
    sequences.push(a.map((byte, i): ByteRange => [byte, b[i]!]));
  }
  return sequences;
}

const LEADS = [0, 0xc0, 0xe0, 0xf0];

function encode(code: number, length: number): number[] {
  if (length === 1) return [code];
  const bytes: number[] = [];
  for (let i = length - 1; i > 0; i--) bytes.push(0x80 | ((code >> (6 * (i - 1))) & 0x3f));
  return [LEADS[length - 1]! | (code >> (6 * (length - 1))), ...bytes];
}
