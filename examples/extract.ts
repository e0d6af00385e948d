/** Data out of a text, in the form of a schema: a reply that ends by itself is always valid.   node examples/extract.ts model.gguf "Order: …" */
import { load } from "lfm-edge";

const schema = {
  type: "object",
  properties: {
    customer: { type: "string", maxLength: 40 },
    items: {
      type: "array",
      maxItems: 3,
      items: {
        type: "object",
        properties: { name: { type: "string", maxLength: 30 }, quantity: { type: "integer", minimum: 1, maximum: 99 } },
        required: ["name", "quantity"],
        additionalProperties: false,
      },
    },
    express: { type: "boolean" },
  },
  required: ["customer", "items", "express"],
  additionalProperties: false,
};
const text = process.argv[3] ?? "Order from Mina Park: two lamps and a bridge, please send them today.";

await using model = await load(process.argv[2] ?? "model.gguf");
const { content, finishReason } = await model.chat([{ role: "user", content: `Extract the order.\n\n${text}` }], {
  responseFormat: { type: "json_schema", schema },
  seed: 1,
  maxTokens: 400,
});
if (finishReason === "length") throw new Error("the reply was cut off");
console.log(JSON.stringify(JSON.parse(content), null, 2));
