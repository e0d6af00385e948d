/** The filters that sort only where they must, beside a sort of everything. */
import { describe, expect, test } from "vitest";
import { type Candidates, keepTopP, keepTypical } from "../src/sampling/truncate.ts";
import { nucleusOfAll, typicalOfAll } from "../src/sampling/whole.ts";
import { maximum, normal } from "./kernels/harness.ts";
import { numerics } from "./numerics.ts";

const INFINITE = Number.NEGATIVE_INFINITY;
const ROWS: [name: string, logits: Float32Array][] = [
  ["one token", Float32Array.of(3)],
  ["two of the same", Float32Array.of(3, 3)],
  ["200, one ahead", normal("a", 200).map((v, i) => (i === 77 ? 12 : v))],
  ["65 536, of a model's spread", normal("b", 65_536, 4)],
  ["65 536, nearly flat", normal("c", 65_536, 0.02)],
  ["5000, over more than f32's range", normal("d", 5000, 60)],
  ["5000 all equal", new Float32Array(5000).fill(-7)],
  ["5000 of few values", normal("e", 5000, 2).map(Math.round)],
  ["5000, all but a few masked", normal("f", 5000).map((v, i) => (i % 701 === 3 ? v : INFINITE))],
  ["5000, half masked, few values", normal("g", 5000, 3).map((v, i) => (i % 2 === 0 ? Math.round(v) : INFINITE))],
  ["1021, every third not a number", normal("h", 1021, 3).map((v, i) => (i % 3 === 0 ? Number.NaN : v))],
  ["ahead of a tail that is too small to add exactly", normal("i", 3000, 2).map((v, i) => (i < 5 ? 25 + v : v))],
];
const MASSES = [1e-9, 0.1, 0.5, 0.75, 0.9, 0.95, 0.999, 0.999999];
const TEMPERATURES = [0.7, 1, 3];

/** As many of the sorted as it takes. */
function firstOf(sorted: number[], weights: ArrayLike<number>, target: number): number[] {
  let [length, reached] = [0, 0];
  while (length < sorted.length && (length === 0 || reached < target)) reached += weights[sorted[length++]!]!;
  return sorted.slice(0, length).sort((a, b) => a - b);
}

/** The tokens that have a probability, as the sampler's other path prepares them. */
function candidatesOf(logits: Float32Array, temperature: number): { candidates: Candidates; scaled: Float32Array } {
  const floor = maximum(logits) - 88 * temperature;
  const ids = Int32Array.from([...logits.keys()].filter((i) => logits[i]! >= floor));
  const scaled = Float32Array.from(ids, (id) => logits[id]! / temperature);
  const probabilities = scaled.slice();
  numerics.softmax(probabilities);
  return { candidates: { ids, probabilities }, scaled };
}

describe.each(ROWS)("%s", (_, logits) => {
  const temperatures = logits.length > 10_000 ? [1] : TEMPERATURES;

  test("top-p of a whole vocabulary", () => {
    for (const temperature of temperatures) {
      numerics.maxima(logits);
      const all = numerics.exponentials(maximum(logits), temperature);
      const values = all.values.slice();
      const total = all.sums.reduce((a, b) => a + b, 0);
      const sorted = [...values.keys()].filter((i) => values[i]! > 0).sort((a, b) => values[b]! - values[a]! || a - b);
      for (const mass of MASSES) {
        const { ids, probabilities } = nucleusOfAll(all, mass);
        expect([...ids]).toEqual(firstOf(sorted, values, mass * total));
        expect(probabilities).toEqual(Float32Array.from(ids, (id) => values[id]!));
      }
    }
  });

  test("typical of a whole vocabulary", () => {
    for (const temperature of temperatures) {
      numerics.maxima(logits);
      const all = numerics.exponentials(maximum(logits), temperature);
      const values = all.values.slice();
      const total = all.sums.reduce((a, b) => a + b, 0);
      const divisor = Math.fround(temperature);
      const shift = Math.fround(maximum(logits) / divisor);
      const logarithm = (id: number): number => Math.fround(logits[id]! / divisor) - shift;
      const mean = all.moment() / total;
      const oddness = Float32Array.from(values, (_, i) => Math.abs(Math.fround(logarithm(i)) - mean));
      const sorted = [...values.keys()].filter((i) => values[i]! > 0).sort((a, b) => oddness[a]! - oddness[b]! || a - b);
      for (const mass of MASSES) {
        const { ids, probabilities } = typicalOfAll(all, logarithm, mass);
        expect([...ids]).toEqual(firstOf(sorted, values, mass * total));
        expect(probabilities).toEqual(Float32Array.from(ids, (id) => values[id]!));
      }
    }
  });

  test("top-p and typical of candidates", () => {
    for (const temperature of temperatures) {
      const { candidates, scaled } = candidatesOf(logits, temperature);
      const { probabilities: p } = candidates;
      const total = p.reduce((a, b) => a + b, 0);
      const possible = [...p.keys()].filter((i) => p[i]! > 0);
      const byProbability = possible.toSorted((a, b) => p[b]! - p[a]! || a - b);
      const mean = possible.reduce((sum, i) => sum + p[i]! * scaled[i]!, 0) / total;
      const oddness = Float32Array.from(scaled, (s) => Math.abs(s - mean));
      const byOddness = possible.toSorted((a, b) => oddness[a]! - oddness[b]! || a - b);
      const kept = ({ ids }: Candidates): number[] => [...ids];
      for (const mass of MASSES) {
        const ids = (at: number[]): number[] => at.map((i) => candidates.ids[i]!);
        expect(kept(keepTopP(candidates, mass))).toEqual(ids(firstOf(byProbability, p, mass * total)));
        expect(kept(keepTypical(candidates, scaled, mass))).toEqual(ids(firstOf(byOddness, p, mass * total)));
      }
      // So near to all of it that the last ones depend on the order of additions: some of the nearest all the same, and as much as is asked for.
      const most = keepTypical(candidates, scaled, 1 - 2 ** -53);
      const left = kept(most).filter((_, i) => most.probabilities[i]! > 0);
      const nearest = byOddness.slice(0, left.length).sort((a, b) => a - b);
      expect(left).toEqual(nearest.map((i) => candidates.ids[i]!));
      expect(nearest.reduce((sum, i) => sum + p[i]!, 0)).toBeGreaterThan((1 - 1e-12) * total);
    }
  });
});
