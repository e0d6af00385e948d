import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveSampling } from "../src/sampling/options.ts";
import { philox4x32, uniform } from "../src/sampling/random.ts";
import { createSampler } from "../src/sampling/sampler.ts";
import { selectLargest } from "../src/sampling/select.ts";
import type { SamplingOptions } from "../src/types.ts";
import { numerics as functions } from "./numerics.ts";
import { remaining } from "./reference/sampler.ts";

function sampler(options: SamplingOptions, vocabularySize: number, extra: { prompt?: number[]; choice?: number; logprobs?: number } = {}) {
  return createSampler({ sampling: resolveSampling(options, {}, vocabularySize), functions, choice: 0, prompt: [], ...extra });
}

describe("random", () => {
  test("Philox4x32-10 gives the known answers of Random123", () => {
    expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    expect(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  test("a draw is uniform in [0, 1) and depends on seed, choice and position", () => {
    const draws = Array.from({ length: 4000 }, (_, position) => uniform(-7, 1, position));
    expect(draws.every((u) => u >= 0 && u < 1)).toBe(true);
    expect(draws.reduce((a, b) => a + b) / 4000).toBeCloseTo(0.5, 1);
    expect(new Set([uniform(1, 0, 0), uniform(2, 0, 0), uniform(1, 1, 0), uniform(1, 0, 1), uniform(1 + 2 ** 40, 0, 0)]).size).toBe(5);
  });
});

describe("what is left to draw from", () => {
  const logits = fc
    .array(fc.integer({ min: -60, max: 60 }), { minLength: 2, maxLength: 40 })
    .map((values) => Float32Array.from(values, (v) => v / 10));
  const options = fc.record({
    temperature: fc.constantFrom(0.3, 1, 1.7),
    topK: fc.constantFrom(0, 1, 3, 50),
    topP: fc.constantFrom(1, 0.9, 0.35),
    minP: fc.constantFrom(0, 0.05, 0.4),
    typicalP: fc.constantFrom(1, 0.8, 0.2),
  });

  test("every draw is one that the reference leaves, as often as it says", () => {
    fc.assert(
      fc.property(logits, options, fc.integer(), (row, chosen, seed) => {
        const expected = remaining(row, chosen);
        // A tie in floating point at the edge of a filter may fall either way: such cases say nothing.
        fc.pre(
          [1e-5, -1e-5].every(
            (shift) =>
              remaining(row, {
                ...chosen,
                topP: chosen.topP < 1 ? chosen.topP + shift : 1,
                minP: chosen.minP ? chosen.minP + shift : 0,
                typicalP: chosen.typicalP < 1 ? chosen.typicalP + shift : 1,
              }).size === expected.size,
          ),
        );
        const one = sampler({ ...chosen, seed }, row.length);
        const counts = new Map<number, number>();
        const draws = 400;
        for (let position = 0; position < draws; position++) {
          const { id } = one.sample(row.slice(), position);
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        for (const id of counts.keys()) expect(expected.has(id), `token ${id} was cut`).toBe(true);
        // Five standard deviations of a binomial count, and one.
        for (const [id, p] of expected)
          expect(Math.abs((counts.get(id) ?? 0) - p * draws)).toBeLessThan(5 * Math.sqrt(draws * p * (1 - p)) + 1);
      }),
      { numRuns: 60, seed: 20260102 },
    );
  });

  test("a vocabulary of many blocks: nothing is drawn that the reference cuts, and nothing is missing", () => {
    const row = Float32Array.from({ length: 1000 }, (_, id) => ((id * 7919) % 1000) / 100 + (id % 3 === 0 ? Number.NEGATIVE_INFINITY : 0));
    const cuts = [{ topK: 5 }, { topK: 40 }, { minP: 0.5 }, { topP: 0.05 }, { topK: 12, minP: 0.95 }, { topP: 0.2, minP: 0.9 }];
    for (const chosen of cuts) {
      const expected = remaining(row, { temperature: 1, topK: 0, topP: 1, minP: 0, typicalP: 1, ...chosen });
      const one = sampler({ ...chosen, seed: 1 }, row.length);
      const drawn = new Set(Array.from({ length: 3000 }, (_, position) => one.sample(row.slice(), position).id));
      expect(
        [...drawn].sort((a, b) => a - b),
        JSON.stringify(chosen),
      ).toEqual([...expected.keys()].sort((a, b) => a - b));
    }
  });

  test("temperature 0 takes the largest, the lowest id on a tie", () => {
    expect(sampler({ temperature: 0 }, 5).sample(Float32Array.of(1, 3, 2, 3, 3), 0).id).toBe(1);
  });

  test("the same seed draws the same, another choice or position something else", () => {
    const flat = new Float32Array(1000);
    const draw = (seed: number, choice: number): number[] =>
      Array.from({ length: 20 }, (_, i) => sampler({ seed }, 1000, { choice }).sample(flat.slice(), i).id);
    expect(draw(3, 0)).toEqual(draw(3, 0));
    expect(draw(3, 0)).not.toEqual(draw(3, 1));
    expect(draw(3, 0)).not.toEqual(draw(4, 0));
    expect(new Set(draw(3, 0)).size).toBeGreaterThan(15);
  });
});

describe("before the cuts", () => {
  const after = (options: SamplingOptions, logits: number[], prompt: number[], reply: number[]): number[] => {
    const one = sampler({ temperature: 0, ...options }, logits.length, { prompt });
    for (const id of reply) one.accept(id);
    const row = Float32Array.from(logits);
    one.sample(row, 0);
    return [...row];
  };

  test("the repetition penalty takes each token of prompt and reply once", () => {
    expect(after({ repetitionPenalty: 2 }, [4, -4, 4, 4], [0, 0, 1], [0, 2])).toEqual([2, -8, 2, 4]);
  });

  test("presence and frequency count the reply only", () => {
    expect(after({ presencePenalty: 1, frequencyPenalty: 0.5 }, [4, 4, 4], [2, 2], [0, 1, 1])).toEqual([2.5, 2, 4]);
  });

  test("bias comes after the penalties, the mask after the bias", () => {
    expect(after({ repetitionPenalty: 2, logitBias: { 0: 10 } }, [4, 4], [0], [])).toEqual([12, 4]);
    const one = sampler({ temperature: 0, logitBias: { 1: 100 } }, 3);
    const not1 = { allows: (id: number) => id !== 1, apply: (row: Float32Array): void => void (row[1] = Number.NEGATIVE_INFINITY) };
    expect(one.sample(Float32Array.of(0, 1, 2), 0, not1).id).toBe(2);
    expect(one.sample(Float32Array.of(0, 1, 200), 0, not1).id).toBe(2);
    expect(sampler({ seed: 1, logitBias: { 0: Number.NEGATIVE_INFINITY } }, 2).sample(Float32Array.of(50, 0), 0).id).toBe(1);
  });

  test("log-probabilities are the model's own", () => {
    const one = sampler({ temperature: 0, logitBias: { 2: 100 } }, 3, { logprobs: 2 });
    const { id, logprob, top } = one.sample(Float32Array.of(Math.log(5), Math.log(3), Math.log(2)), 0);
    expect(id).toBe(2);
    expect(logprob).toBeCloseTo(Math.log(0.2), 5);
    expect(top!.map((t) => t.id)).toEqual([0, 1]);
    expect(top![0]!.logprob).toBeCloseTo(Math.log(0.5), 5);
  });

  test("a temperature next to 0 is as good as 0", () => {
    for (const logits of [
      [1, 3, 2],
      [-3, -1, -2],
      [0, -1, -2],
    ])
      expect(sampler({ temperature: 5e-324, topP: 0.9 }, 3).sample(Float32Array.from(logits), 0).id).toBe(
        logits.indexOf(Math.max(...logits)),
      );
  });

  test("a bias that leaves no token is the caller's error", () => {
    expect(() => sampler({ logitBias: { 0: -1e308, 1: -1e308 } }, 2).sample(new Float32Array(2), 0)).toThrow(
      new RangeError("logitBias leaves no token that may be said"),
    );
  });

  test("no token possible is an error, not a guess", () => {
    expect(() => sampler({}, 2).sample(Float32Array.of(Number.NaN, Number.NaN), 0)).toThrow("no token");
    expect(() => sampler({}, 2).sample(new Float32Array(2).fill(Number.NEGATIVE_INFINITY), 0)).toThrow("no token");
  });
});

test("selectLargest = a full sort", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: 0, max: 12 }), (values, k) => {
      const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
      expect(selectLargest(Float32Array.from(values), k)).toEqual(sorted.slice(0, k));
    }),
    { seed: 20260102 },
  );
});

test.each([
  ["temperature", -1],
  ["temperature", Number.NaN],
  ["topK", 1.5],
  ["topP", 0],
  ["topP", 1.1],
  ["minP", 1],
  ["typicalP", 0],
  ["repetitionPenalty", 0],
  ["presencePenalty", 3],
  ["seed", 0.5],
  ["logitBias", { 9: 1 }],
  ["logitBias", { a: 1 }],
] as const)("%s %j is refused by name", (name, value) => {
  expect(() => resolveSampling({ [name]: value }, {}, 5)).toThrow(new RegExp(`^${name} .*`));
});
