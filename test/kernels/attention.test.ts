import { describe, expect, test } from "vitest";
import type { Kernels } from "../../src/wasm/kernels.ts";
import { attention } from "../reference/attention.ts";
import { roundToF16 } from "../reference/f16.ts";
import { both, EXP_ERROR, expectClose, expectRefusal, expectSame, normal, U, type Lab } from "./harness.ts";

const PAGE = 64;

interface Case {
  nHeads: number;
  nKvHeads: number;
  headDim: number;
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
}

const makeCase = (nHeads: number, nKvHeads: number, headDim: number, positions: number, scale = 1): Case => ({
  nHeads,
  nKvHeads,
  headDim,
  q: normal("q", nHeads * headDim, scale),
  k: normal("k", positions * nKvHeads * headDim, scale),
  v: normal("v", positions * nKvHeads * headDim),
});

type KvType = "f32" | "f16" | "q8";
const SUFFIX = { f32: "", f16: "F16", q8: "Q8" } as const;
const pageBytes = (type: KvType, nKvHeads: number, headDim: number): number =>
  2 * PAGE * nKvHeads * { f32: 4 * headDim, f16: 2 * headDim, q8: headDim + 4 }[type];

/** What a q8 page holds of heads of n values. */
function roundToQ8(x: Float32Array, n: number): Float32Array {
  return x.map((v, i) => {
    const head = x.subarray(i - (i % n), i - (i % n) + n);
    const amax = head.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const scaled = amax > 0 ? Math.fround(v * Math.fround(127 / amax)) : 0;
    const whole = Math.round(scaled); // ties, which go to the even number, are not met
    return whole * Math.fround(amax / 127);
  });
}

/** The pages of a whole sequence, from keys and values stored one by one, heads in two shares. */
function fillPages(lab: Lab, input: Case, type: KvType): number[] {
  const { nKvHeads, headDim } = input;
  const row = nKvHeads * headDim * 4;
  const [k, v] = [lab.put(input.k), lab.put(input.v)];
  const pages: number[] = [];
  for (let p = 0; p * row < input.k.byteLength; p++) {
    if (p % PAGE === 0) pages.push(lab.room(pageBytes(type, nKvHeads, headDim)));
    const append = lab.kernels[`appendKv${SUFFIX[type]}`];
    append(pages.at(-1)!, k + p * row, v + p * row, nKvHeads, headDim, 0, 1, p % PAGE);
    append(pages.at(-1)!, k + p * row, v + p * row, nKvHeads, headDim, 1, nKvHeads, p % PAGE);
  }
  return pages;
}

/** The last position's attention; shares: KV heads that each thread takes. */
function run(input: Case, type: KvType, shares: [from: number, to: number][] = [[0, input.nKvHeads]]): Float32Array {
  const { nHeads, nKvHeads, headDim, q } = input;
  const positions = input.k.length / nKvHeads / headDim;
  return both((lab) => {
    const { kernels } = lab;
    const pages = fillPages(lab, input, type);
    const [y, state, query, scratch] = [
      lab.room(q.byteLength),
      lab.room(nHeads * (headDim + 2) * 4),
      lab.put(q),
      lab.room(4 * PAGE * 4 + 16),
    ];
    kernels.attentionBegin(state, nHeads, headDim);
    for (const [from, to] of shares) {
      for (const [i, page] of pages.entries()) {
        const count = Math.min(PAGE, positions - i * PAGE);
        kernels[`attendPage${SUFFIX[type]}`](state, query, page, scratch, nHeads, nKvHeads, headDim, from, to, count);
      }
      const group = nHeads / nKvHeads;
      kernels.attentionEnd(y, state, nHeads, headDim, from * group, to * group);
    }
    return lab.f32(y, q.length);
  });
}

function expectRight(input: Case, type: KvType): void {
  const stored = (x: Float32Array): Float64Array =>
    Float64Array.from(type === "q8" ? roundToQ8(x, input.headDim) : type === "f16" ? x.map(roundToF16) : x);
  const { y, magnitudes, spread } = attention(input.q, stored(input.k), stored(input.v), input.nHeads, input.nKvHeads);
  const positions = input.k.length / input.nKvHeads / input.headDim;
  // A score's products, sums and scale are rounded, then its distance from the maximum, and the exponential takes its own; so do the
  // corrections between pages. All this counts twice, above and below the line, with a rounding for each position on top. A q8 page's scales are
  // rounded in the reference too, and multiplied on each side.
  const scales = type === "q8" ? 2 : 0;
  const score = (input.headDim + 3 + scales) * U * spread + 2 * U * spread;
  const relative = 2 * (score + EXP_ERROR * (1 + Math.ceil(positions / PAGE)) + (positions + 2 + scales) * U);
  expectClose(run(input, type), y, (_, i) => relative * magnitudes[i]!);
}

describe.each(["f32", "f16", "q8"] as const)("%s pages", (type) => {
  // Around the vector tile of 16 positions and the page of 64; a prime; several pages.
  test.each([1, 12, 16, 20, 60, 64, 68, 127, 131, 200])("%i positions", (positions) => {
    expectRight(makeCase(4, 2, 64, positions), type);
  });

  // The least, no groups, one group, the models' heads.
  test.each([
    [1, 1, 16],
    [3, 3, 48],
    [6, 2, 16],
    [7, 1, 32],
    [16, 8, 64],
    [32, 8, 64],
  ])("%i heads on %i of %i", (nHeads, nKvHeads, headDim) => expectRight(makeCase(nHeads, nKvHeads, headDim, 70), type));

  test("scores of hundreds, whose exponentials are beyond f32", () => expectRight(makeCase(4, 2, 64, 130, 5), type));

  test("a maximum that rises with every page, and one that comes first", () => {
    for (const direction of [1, -1]) {
      const input = makeCase(2, 1, 16, 200);
      input.q.fill(1);
      input.k.forEach((_, i, k) => (k[i] = (direction * Math.floor(i / 16)) / 64));
      expectRight(input, type);
    }
  });

  test("equal scores: the mean of the values, and one value alone exactly", () => {
    const input = makeCase(2, 2, 16, 100);
    input.q.fill(0);
    expectRight(input, type);
    const one = makeCase(2, 2, 16, 1);
    expect(run(one, type)).toEqual(type === "f16" ? one.v.map(roundToF16) : type === "q8" ? roundToQ8(one.v, 16) : one.v);
  });

  test("heads shared out between threads: the same bits", () => {
    const input = makeCase(8, 4, 16, 131);
    const shares: [number, number][] = [
      [1, 4],
      [0, 0],
      [0, 1],
    ];
    expectSame(run(input, type, shares), run(input, type));
  });
});

test.each(["appendKv", "appendKvF16"] as const)("%s writes its heads at its position, and nothing else", (append) => {
  const [nKvHeads, headDim, slot] = [3, 16, 5];
  const bytes = 2 * PAGE * nKvHeads * headDim * (append === "appendKv" ? 4 : 2);
  const values = normal("kv", nKvHeads * headDim);
  const changed = both((lab) => {
    const page = lab.room(bytes);
    const before = lab.i32(page, bytes / 4);
    lab.kernels[append](page, lab.put(values), lab.put(values), nKvHeads, headDim, 1, 2, slot);
    return lab.i32(page, bytes / 4).map((word, i) => (word === before[i] ? 0 : 1));
  });
  const perWord = append === "appendKv" ? 1 : 2;
  const expected = new Int32Array(changed.length);
  for (let d = 0; d < headDim; d++) {
    expected[Math.floor(((headDim + d) * PAGE + slot) / perWord)] = 1; // keys of head 1, transposed
    expected[Math.floor(((nKvHeads + 1) * PAGE * headDim + slot * headDim + d) / perWord)] = 1; // its values
  }
  expectSame(changed, expected);
});

test("appendKvQ8 writes its heads and their scales at its position, and nothing else", () => {
  const [nKvHeads, headDim, slot] = [3, 16, 5];
  const bytes = pageBytes("q8", nKvHeads, headDim);
  const values = normal("kv", nKvHeads * headDim);
  const changed = both((lab) => {
    const page = lab.room(bytes);
    const before = lab.bytes(page, bytes);
    lab.kernels.appendKvQ8(page, lab.put(values), lab.put(values), nKvHeads, headDim, 1, 2, slot);
    return Int32Array.from(lab.bytes(page, bytes), (byte, i) => (byte === before[i] ? 0 : 1));
  });
  const allowed = new Set<number>();
  for (let d = 0; d < headDim; d++) {
    allowed.add((headDim + d) * PAGE + slot); // keys of head 1, transposed
    allowed.add((nKvHeads + 1) * PAGE * headDim + slot * headDim + d); // its values
  }
  const scales = 2 * nKvHeads * headDim * PAGE;
  for (const head of [1, nKvHeads + 1]) for (let b = 0; b < 4; b++) allowed.add(scales + (head * PAGE + slot) * 4 + b);
  const written = [...changed.keys()].filter((i) => changed[i]);
  expect(written.filter((i) => !allowed.has(i))).toEqual([]);
  expect(written.length).toBeGreaterThan(0.8 * allowed.size); // a byte may happen to be what was there
});

test("refuses heads of a part of a vector, and positions that a page does not hold", () => {
  const attend = (nHeads: number, nKvHeads: number, headDim: number, count: number) => (kernels: Kernels) =>
    kernels.attendPage(65536, 65536, 65536, 65536, nHeads, nKvHeads, headDim, 0, nKvHeads, count);
  expectRefusal("attendPage: headDim must be a multiple of 16", attend(2, 1, 24, 1));
  expectRefusal("attendPage: nHeads must be a multiple of nKvHeads", attend(3, 2, 16, 1));
  expectRefusal("attendPage: count must be between 1 and 64", attend(2, 1, 16, 0));
  expectRefusal("attendPage: count must be between 1 and 64", attend(2, 1, 16, 65));
  expectRefusal("appendKv: slot must be less than 64", (kernels) => kernels.appendKv(65536, 65536, 65536, 1, 16, 0, 1, 64));
  expectRefusal("attentionEnd: headDim must be a multiple of 4", (kernels) => kernels.attentionEnd(65536, 65536, 1, 6, 0, 1));
});
