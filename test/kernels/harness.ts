/** The kernels' builds, each over a memory of its own: inputs in, outputs out, and guard bands between all that is allocated. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { Random } from "../../bench/synthetic/random.ts";
import { BANK_START, instantiateKernels, type Kernels } from "../../src/wasm/kernels.ts";

/** Half the distance from 1 to the next f32: the relative error of one rounding. */
export const U = 2 ** -24;
/** The relative error of the kernels' exponential, at most (exp.test.ts). */
export const EXP_ERROR = 2 * U;
/** Where exponents of −87 and less become 0. */
export const EXP_FLOOR = Math.exp(-87);

const GUARD = 64;
const MEMORY = 4 * 2 ** 20;

/** Unused memory: NaN everywhere, each with its own payload, so that a NaN copied or computed past an end shows too. */
const BLANK = new Uint8Array(Int32Array.from({ length: MEMORY / 4 }, (_, i) => 0xffc00000 | i).buffer);

export class Lab {
  readonly build: "plain" | "relaxed" | "debug";
  readonly kernels: Kernels;
  readonly #bytes: Uint8Array;
  readonly #constants: Buffer;
  readonly #bands: [from: number, to: number][] = [];
  #top = MEMORY;

  constructor(build: "plain" | "relaxed" | "debug") {
    this.build = build;
    const memory = new WebAssembly.Memory({ initial: MEMORY / 65536, maximum: 65536, shared: true });
    const module = new WebAssembly.Module(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
    this.kernels = instantiateKernels(module, memory);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#constants = Buffer.from(this.#bytes.slice(0, BANK_START));
    this.clear();
  }

  /** Forgets all allocations. */
  clear(): void {
    this.#bytes.set(BLANK.subarray(BANK_START, this.#top), BANK_START);
    this.#bands.length = 0;
    this.#top = BANK_START;
    this.room(0);
  }

  /** Room for bytes, at a multiple of 16, with a guard band before and behind. */
  room(bytes: number): number {
    const offset = this.#top;
    const end = offset + bytes;
    this.#top = Math.ceil(end / 16) * 16 + GUARD;
    if (this.#top > MEMORY) throw new RangeError("the lab's memory is too small for this test");
    this.#bands.push([end, this.#top]);
    return offset;
  }

  /** Room that holds data. */
  put(data: Float32Array | Int32Array | Uint8Array): number {
    const offset = this.room(data.byteLength);
    this.write(offset, data);
    return offset;
  }

  write(offset: number, data: Float32Array | Int32Array | Uint8Array): void {
    this.#bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
  }

  bytes(offset: number, n: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes.subarray(offset, offset + n));
  }

  f32(offset: number, n: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.bytes(offset, n * 4).buffer);
  }

  i32(offset: number, n: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.bytes(offset, n * 4).buffer);
  }

  /** Fails where a kernel wrote outside what was allocated. */
  checkBands(): void {
    for (const [from, to] of this.#bands) {
      const written = this.#bytes.subarray(from, to).findIndex((byte, i) => byte !== BLANK[from + i]);
      if (written >= 0) expect.fail(`${this.build}: byte ${written} behind a buffer was written`);
    }
    if (!this.#constants.equals(this.#bytes.subarray(0, BANK_START))) expect.fail(`${this.build}: the constants were written`);
  }
}

const labs = [new Lab("plain"), new Lab("relaxed")] as const;
const debug = new Lab("debug");

/** Runs the same body with both builds, which must give the same bits, and gives them. */
export function both<T extends Float32Array | Int32Array>(body: (lab: Lab) => T): T {
  const [plain, relaxed] = labs.map((lab) => {
    lab.clear();
    const result = body(lab);
    lab.checkBands();
    return result;
  }) as [T, T];
  expectSame(relaxed, plain, "relaxed build");
  return plain;
}

/** The debug build must refuse with this message. */
export function expectRefusal(message: string, body: (kernels: Kernels) => void): void {
  expect(() => body(debug.kernels)).toThrow(message);
}

/** The same bits. */
export function expectSame<T extends Float32Array | Int32Array | Uint8Array>(actual: T, expected: T, what = "actual"): void {
  expect(actual.length).toBe(expected.length);
  const bits = (x: T): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  if (Buffer.compare(bits(actual), bits(expected)) === 0) return;
  const i = actual.findIndex((v, i) => !Object.is(v, expected[i]));
  expect.fail(`${what}: [${i}] is ${actual[i]}, not ${expected[i]}`);
}

/** |actual − expected| ≤ tolerance, everywhere. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: (expected: number, i: number) => number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const allowed = tolerance(e, i);
    if (!(Math.abs(a - e) <= allowed)) expect.fail(`[${i}] is ${a}, not ${e}: off by ${Math.abs(a - e)}, not within ${allowed}`);
  }
}

/** With room for whole vectors: what lies behind the values must not matter. */
export function padded(x: Float32Array): Float32Array {
  const room = new Float32Array(Math.ceil(x.length / 4) * 4).fill(Number.NaN);
  room.set(x);
  return room;
}

/** The largest value, NaN left out. */
export const maximum = (x: Float32Array): number => x.reduce((most, v) => (v > most ? v : most), Number.NEGATIVE_INFINITY);

/** n values with a normal distribution, the same for the same seed. */
export function normal(seed: string, n: number, scale = 1): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return scale * radius * Math.cos(2 * Math.PI * random.next());
  });
}
