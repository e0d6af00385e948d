/** POST /v1/embeddings: texts, or their ids, as vectors. */
import type { Context } from "hono";
import { ApiError } from "./errors.ts";
import type { Models } from "./models.ts";
import { present } from "./options.ts";
import { leaving, readBody } from "./request.ts";
import { embeddingBody } from "./schemas/embeddings.ts";

export function embeddings(models: Models): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal } = leaving(c);
    const body = await readBody(c, embeddingBody);
    const { id, model } = models.find(body.model, c);
    const { hiddenSize } = model.info;
    if (body.dimensions != null && body.dimensions !== hiddenSize)
      throw new ApiError(400, `dimensions can only be ${hiddenSize} with this model: its vectors are not made shorter`, {
        param: "dimensions",
        code: "unsupported_parameter",
      });
    let tokens = 0;
    const options = { ...present({ pooling: body.pooling, normalize: body.normalize }), signal, onTokens: (n: number) => (tokens = n) };
    const vectors = await model.embed(toTexts(body.input), options);
    const encode = body.encoding_format === "base64" ? toBase64 : (vector: Float32Array): number[] => [...vector];
    return c.json({
      object: "list",
      data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: encode(vector) })),
      model: id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  };
}

type Text = string | number[];

const toTexts = (input: Text | string[] | number[][]): Text[] =>
  typeof input === "string" || typeof input[0] === "number" ? [input as Text] : (input as Text[]);

/** Of the f32 numbers, little-endian, as OpenAI's clients read them. */
function toBase64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [i, value] of vector.entries()) view.setFloat32(i * 4, value, true);
  return btoa(Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte)).join(""));
}
