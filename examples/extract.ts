/** Data out of a text, in the form of a schema: a reply that ends by itself is always valid.   node examples/extract.ts [model.gguf] ["a text"] */
import { load } from "lfm-edge";

const schema = {
  type: "object",
  properties: {
    customer: { type: "string", maxLength: 40 },
    product: { type: "string", maxLength: 40 },
    quantity: { type: "integer", minimum: 1, maximum: 99 },
  },
  required: ["customer", "product", "quantity"],
  additionalProperties: false,
};
const text = process.argv[3] ?? "Mina Park ordered 3 pieces of the lamp.";

await using model = await load(process.argv[2] ?? import.meta.resolve("lfm-edge/model.gguf"));
const question = `Extract ${Object.keys(schema.properties).join(", ")} from this text as JSON: ${text}`;
const { content, finishReason } = await model.chat([{ role: "user", content: question }], {
  responseFormat: { type: "json_schema", schema },
  maxTokens: 400,
});
if (finishReason === "length") throw new Error("the reply was cut off");
console.log(JSON.stringify(JSON.parse(content), null, 2));
