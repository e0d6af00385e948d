/** The f64 forward pass against the goldens: while this holds, the references are right, and what strays elsewhere is the engine or a kernel. */
import { beforeAll, describe, expect, test } from "vitest";
import { argmax, goldenFiles } from "./engine-fixtures.ts";
import { openReference } from "./reference-model.ts";
import { forward, logitsOf, type ReferenceModel } from "./reference/forward.ts";

describe.each(goldenFiles)("$name", ({ type, file, cases, logits }) => {
  let model: ReferenceModel;
  beforeAll(async () => {
    model = await openReference(file);
  });

  // 64 tokens take a third of a second, and differ between files by their weights only.
  const short = cases.slice(0, type === "F16" ? 3 : 2);
  test.each(short.map((golden) => ({ n: golden.ids.length, golden })))("$n tokens", ({ n, golden }) => {
    const H = model.hiddenSize;
    const states = [...forward(model, golden.ids)].map((rows) => rows.subarray((n - 1) * H, n * H));
    const last = states.at(-1)!;
    // Printed are the states before layer 0, after each layer but the last, and after the final norm. They were computed in f32.
    for (const [i, { rms, first8 }] of golden.hidden_last.entries()) {
      const state = i === golden.hidden_last.length - 1 ? last : states[i]!;
      const ours = Math.sqrt(state.reduce((sum, v) => sum + v * v, 0) / H);
      expect(Math.abs(ours - rms), `rms of state ${i}`).toBeLessThan(1e-4 * rms);
      for (const [j, v] of first8.entries()) expect(Math.abs(state[j]! - v), `state ${i}, value ${j}`).toBeLessThan(1e-4 * rms + 1e-5);
    }
    const row = logitsOf(model, last);
    expect(logits(golden.logits_row).reduce((worst, v, i) => Math.max(worst, Math.abs(v - row[i]!)), 0)).toBeLessThan(1e-4);
    expect(argmax(row)).toBe(golden.argmax.at(-1));
  });
});
