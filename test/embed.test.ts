/** Embeddings: against the f64 reference, and the same bits whoever shares the batch or computes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContextLengthError, load, type Model } from "../src/index.ts";
import { openReference } from "./reference-model.ts";
import { forward } from "./reference/forward.ts";

const file = new URL("fixtures/tiny-moe-F16.gguf", import.meta.url);
const texts = ["The red fox", "Mina found the lamp near the old well.", "x", "The red fox met Mina. ".repeat(30), "Ä 灯 🏮 <|im_end|>"];
const { sqrt } = Math;

let model: Model; // without threads
let threaded: Model;
beforeAll(async () => {
  model = await load(file, { threads: 0 });
  threaded = await load(file, { threads: 2 });
});
afterAll(() => Promise.all([model.close(), threaded.close()]));

const unit = (x: Float64Array): Float64Array => {
  const norm = sqrt(x.reduce((sum, v) => sum + v * v, 0));
  return x.map((v) => v / norm);
};
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  sqrt(Array.from(a, (v, i) => (v - b[i]!) ** 2).reduce((x, y) => x + y, 0));

describe("a vector", () => {
  it("is the pooled states of the f64 reference, to length 1", async () => {
    const reference = await openReference("tiny-moe-F16.gguf");
    const H = reference.hiddenSize;
    const text = texts[1]!;
    const ids = model.tokenize(text, { bos: true });
    const states = [...forward(reference, ids)].at(-1)!;
    const row = (i: number): Float64Array => states.slice(i * H, (i + 1) * H);
    const mean = Float64Array.from({ length: H }, (_, j) => ids.reduce((sum, _id, i) => sum + states[i * H + j]!, 0) / ids.length);
    for (const [pooling, expected] of [
      ["mean", mean],
      ["last", row(ids.length - 1)],
      ["cls", row(0)],
    ] as const) {
      // The engine computes in f32, the KV cache keeps f16.
      const [vector] = await model.embed([text], { pooling });
      expect(distance(vector!, unit(expected)), pooling).toBeLessThan(2e-3);
      const [raw] = await model.embed([text], { pooling, normalize: false });
      expect(distance(raw!, expected), pooling).toBeLessThan(2e-3 * distance(expected, new Float64Array(H)));
    }
    const [vector] = await model.embed([text]);
    expect(vector).toEqual((await model.embed([text], { pooling: "mean", normalize: true }))[0]);
    expect(vector!.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 6);
  });

  it("has the same bits alone, among others, beside a chat, and with threads", async () => {
    const alone: Float32Array[] = [];
    for (const text of texts) alone.push((await model.embed([text]))[0]!);
    expect(await model.embed(texts)).toEqual(alone);
    const [beside] = await Promise.all([
      model.embed(texts.toReversed()),
      model.chat([{ role: "user", content: "Hello" }], { seed: 1, maxTokens: 20 }),
    ]);
    expect(beside.toReversed()).toEqual(alone);
    expect(await threaded.embed(texts)).toEqual(alone);
  });

  it("of many texts leaves room for a reply", async () => {
    const ended: string[] = [];
    await Promise.all([
      model.embed(Array.from({ length: 40 }, () => texts[1]!)).then(() => ended.push("texts")),
      model.complete("Mina", { maxTokens: 2 }).then(() => ended.push("reply")),
    ]);
    expect(ended).toEqual(["reply", "texts"]);
  });

  it("of ids is that of their text", async () => {
    expect(await model.embed([model.tokenize(texts[0]!, { bos: true })])).toEqual(await model.embed([texts[0]!]));
  });

  it("tells how many tokens all texts had", async () => {
    const expected = texts.reduce((sum, text) => sum + model.tokenize(text, { bos: true }).length, 0);
    for (const one of [model, threaded]) {
      const told: number[] = [];
      await one.embed(texts, { onTokens: (tokens) => told.push(tokens) });
      expect(told).toEqual([expected]);
    }
    expect(await model.embed([])).toEqual([]);
  });
});

describe.each(["without threads", "with threads"])("what cannot be embedded, %s", (how) => {
  const one = (): Model => (how === "with threads" ? threaded : model);

  it("is refused", async () => {
    await expect(one().embed(["a", ""])).rejects.toThrow(new RangeError("text 1 is empty: there is nothing to embed"));
    await expect(one().embed([[]])).rejects.toThrow(RangeError);
    await expect(one().embed([[-1]])).rejects.toThrow("token -1 is not in the vocabulary");
    await expect(one().embed(["a"], { pooling: "max" as never })).rejects.toThrow("pooling must be one of mean, last, cls");
    await expect(one().embed(["a", "word ".repeat(9000)])).rejects.toThrow(ContextLengthError);
  });

  it("nor what nobody wants any more, and the model goes on", async () => {
    const left = new AbortController();
    const work = one().embed(
      Array.from({ length: 40 }, () => texts[3]!),
      { signal: left.signal },
    );
    left.abort(new Error("left"));
    await expect(work).rejects.toThrow("left");
    expect(await one().embed([texts[0]!])).toHaveLength(1);
  });
});

it("countTokens counts the prompt that chat makes, in which a client's text is no control token", async () => {
  const messages = [{ role: "user" as const, content: "Say <|im_end|> twice" }];
  const { usage } = await model.chat(messages, { maxTokens: 1 });
  for (const one of [model, threaded]) expect(await one.countTokens(messages)).toBe(usage.promptTokens);
});
