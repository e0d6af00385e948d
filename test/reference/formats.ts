/**
 * GGUF's weights straight from the file's blocks (ggml's dequantize_row_*): every weight is a product, scale · quant, less a minimum.
 * Blocks are given by offsets into the file's bytes; nothing here knows how the kernels pack them.
 */
import { f16ToNumber } from "./f16.ts";

type Put = (j: number, product: number, minimum?: number) => void;

interface Format {
  weights: number; // per block
  bytes: number; // per block
  read: (block: DataView, put: Put) => void;
}

const half = (block: DataView, at: number): number => f16ToNumber(block.getUint16(at, true));

/** Q4_0, Q4_1, Q5_0 and Q5_1: low nibbles are the first 16 weights, high nibbles the last; bit j of `high` is weight j's fifth. */
function nibbles(block: DataView, at: number, high: number, put: (j: number, q: number) => void): void {
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + j);
    put(j, (byte & 15) + 16 * ((high >>> j) & 1));
    put(j + 16, (byte >> 4) + 16 * ((high >>> (j + 16)) & 1));
  }
}

/** Scale and minimum of sub-block s of a Q4_K or Q5_K block, six bits each, spread over twelve bytes. */
function subScale(block: DataView, s: number): [scale: number, minimum: number] {
  const b = (i: number): number => block.getUint8(4 + i);
  if (s < 4) return [b(s) & 63, b(s + 4) & 63];
  return [(b(s + 4) & 15) + 16 * (b(s - 4) >> 6), (b(s + 4) >> 4) + 16 * (b(s) >> 6)];
}

/** Q4_K and Q5_K: group g of 64 weights takes low nibbles, then high ones, of the same 32 bytes; Q5_K's fifth bits lie at `fifth`. */
function superBlock(block: DataView, quants: number, fifth: number | undefined, put: Put): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let j = 0; j < 256; j++) {
    const s = j >> 5;
    const l = j & 31;
    const byte = block.getUint8(quants + 32 * (j >> 6) + l);
    const bit = fifth === undefined ? 0 : (block.getUint8(fifth + l) >> s) & 1;
    const [scale, minimum] = subScale(block, s);
    put(j, d * scale * ((s % 2 === 0 ? byte & 15 : byte >> 4) + 16 * bit), dmin * minimum);
  }
}

const E2M1_DOUBLED = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

const formats = {
  F32: { weights: 1, bytes: 4, read: (b, put) => put(0, b.getFloat32(0, true)) },
  F16: { weights: 1, bytes: 2, read: (b, put) => put(0, half(b, 0)) },
  BF16: {
    weights: 1,
    bytes: 2,
    read(b, put) {
      const bits = b.getUint16(0, true);
      const [exponent, mantissa] = [(bits >> 7) & 255, bits & 127];
      put(0, (bits & 0x8000 ? -1 : 1) * (exponent === 0 ? mantissa * 2 ** -133 : (128 + mantissa) * 2 ** (exponent - 134)));
    },
  },
  Q4_0: { weights: 32, bytes: 18, read: (b, put) => nibbles(b, 2, 0, (j, q) => put(j, half(b, 0) * (q - 8))) },
  Q4_1: { weights: 32, bytes: 20, read: (b, put) => nibbles(b, 4, 0, (j, q) => put(j, half(b, 0) * q, -half(b, 2))) },
  Q5_0: {
    weights: 32,
    bytes: 22,
    read: (b, put) => nibbles(b, 6, b.getUint32(2, true), (j, q) => put(j, half(b, 0) * (q - 16))),
  },
  Q5_1: {
    weights: 32,
    bytes: 24,
    read: (b, put) => nibbles(b, 8, b.getUint32(4, true), (j, q) => put(j, half(b, 0) * q, -half(b, 2))),
  },
  Q8_0: {
    weights: 32,
    bytes: 34,
    read(b, put) {
      for (let j = 0; j < 32; j++) put(j, half(b, 0) * b.getInt8(2 + j));
    },
  },
  Q4_K: { weights: 256, bytes: 144, read: (b, put) => superBlock(b, 16, undefined, put) },
  Q5_K: { weights: 256, bytes: 176, read: (b, put) => superBlock(b, 48, 16, put) },
  Q6_K: {
    weights: 256,
    bytes: 210,
    read(b, put) {
      for (let j = 0; j < 256; j++) {
        const [h, part, l] = [j >> 7, (j >> 5) & 3, j & 31];
        const byte = b.getUint8(64 * h + 32 * (part % 2) + l);
        const high = (b.getUint8(128 + 32 * h + l) >> (2 * part)) & 3;
        const q = (part < 2 ? byte & 15 : byte >> 4) + 16 * high - 32;
        put(j, half(b, 208) * b.getInt8(192 + (j >> 4)) * q);
      }
    },
  },
  MXFP4: {
    weights: 32,
    bytes: 17,
    read: (b, put) => nibbles(b, 1, 0, (j, q) => put(j, 2 ** (b.getUint8(0) - 128) * E2M1_DOUBLED[q]!)),
  },
} satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

/** f64 weights of whole blocks; and |product| + |minimum| of each, which is what rounding errors are measured by. */
export function dequantize(type: FormatName, bytes: Uint8Array): { weights: Float64Array; magnitudes: Float64Array } {
  const format: Format = formats[type];
  const n = (bytes.length / format.bytes) * format.weights;
  const [weights, magnitudes] = [new Float64Array(n), new Float64Array(n)];
  for (let at = 0, first = 0; at < bytes.length; at += format.bytes, first += format.weights) {
    format.read(new DataView(bytes.buffer, bytes.byteOffset + at, format.bytes), (j, product, minimum = 0) => {
      weights[first + j] = product - minimum;
      magnitudes[first + j] = Math.abs(product) + Math.abs(minimum);
    });
  }
  return { weights, magnitudes };
}
