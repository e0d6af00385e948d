/** Bodies for every address of the OpenAPI document: as it says, with a few things wrong; and what an answer to them must be. */
import fc from "fast-check";
import { openapi } from "../worker/openapi.generated.ts";
import type { App } from "../worker/app.ts";

interface Schema {
  type?: string | string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
}

const { paths } = JSON.parse(openapi) as {
  paths: Record<string, { post?: { requestBody: { content: { "application/json": { schema: Schema } } } } }>;
};
export const addresses = Object.entries(paths).flatMap(([path, { post }]) =>
  post ? [[path, post.requestBody.content["application/json"].schema] as const] : [],
);

/** Values that a careless or hostile client sends in place of others. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1,
    2,
    1.5,
    2 ** 31,
    2 ** 53,
    -(2 ** 53),
    1e308,
    1e-320,
    "",
    " ",
    "\0",
    "\ud800",
    "​",
    "__proto__",
    "<|im_end|>",
    "{",
    "[]",
    [],
    {},
    [[]],
    [null],
    { type: "text" },
    { type: "image_url" },
    { role: "user" },
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.constant("x".repeat(3000)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.integer({ min: 1, max: 150 }).map((depth) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown),
);

/** Texts that get far where a field has this name. */
const namesakes: Readonly<Record<string, readonly string[]>> = {
  model: ["lfm-edge-demo-12m"],
  role: ["user", "user", "system", "assistant"],
  type: ["text", "message", "input_text"],
  previous_response_id: ["resp_none"],
};
const words = fc.constantFrom(
  "Mina",
  "The red fox",
  "user",
  "assistant",
  "system",
  "tool",
  "text",
  "function",
  "auto",
  "get_weather",
  "model",
  "a b",
  "é🙂",
  "2026-01-02",
);

/** A value that the schema takes, small. */
function valid(schema: Schema, depth = 0, name = ""): fc.Arbitrary<unknown> {
  const { type, anyOf, oneOf, enum: values, properties = {}, required = [], items, additionalProperties } = schema;
  if ("const" in schema) return fc.constant(schema.const);
  if (values) return fc.constantFrom(...values);
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return fc.oneof(...alternatives.map((one) => valid(one, depth, name)));
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      return Object.hasOwn(namesakes, name) ? fc.constantFrom(...namesakes[name]!) : words;
    case "integer":
      return fc.integer({ min: -2, max: 20 });
    case "number":
      return fc.oneof(fc.constantFrom(0, 0.5, 1, -1), fc.double({ min: -3, max: 3, noNaN: true }));
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(items && depth < 5 ? valid(items, depth + 1) : junk, { minLength: depth === 0 ? 1 : 0, maxLength: 3 });
    case "object": {
      const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valid(field, depth + 1, name)]));
      const rest =
        typeof additionalProperties === "object" && depth < 5
          ? fc.dictionary(words, valid(additionalProperties, depth + 1), { maxKeys: 2 })
          : fc.constant({});
      const needed = [...required, "input"]; // without which little is answered
      // Few of the optional fields at a time: the first that is wrong ends the reading.
      const optional = Object.keys(fields).filter((name) => !needed.includes(name));
      const some = fc.subarray(optional, { maxLength: Math.min(4, optional.length) });
      return fc.tuple(fc.record(fields), some, rest).map(([all, chosen, more]) => ({
        ...Object.fromEntries(Object.entries(all).filter(([name]) => needed.includes(name) || chosen.includes(name))),
        ...more,
      }));
    }
    default:
      return junk;
  }
}

/** One value somewhere inside is replaced, removed or joined by another. */
function damaged(body: unknown, [where, how, what]: readonly [number, number, unknown]): unknown {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(body);
  const place = places[where % Math.max(places.length, 1)];
  if (!place) return what;
  if (how === 0) delete place.holder[place.key];
  else if (how === 1 && !Array.isArray(place.holder)) place.holder[`${place.key}_`] = what;
  else place.holder[place.key] = what;
  return body;
}

/** A body as text: most are JSON, some are not. */
export function bodies(schema: Schema): fc.Arbitrary<string> {
  const damage = fc.tuple(fc.nat(200), fc.nat(3), junk);
  return fc
    .tuple(valid(schema), fc.oneof(fc.constant([]), fc.array(damage, { maxLength: 2 })), fc.nat(40), fc.nat(1000))
    .map(([body, damages, whole, at]) => {
      const text = JSON.stringify(damages.reduce((value: unknown, one) => damaged(value, one), structuredClone(body))) ?? "";
      if (whole > 1) return text;
      return whole === 0 ? text.slice(0, at % (text.length + 1)) : `${text}${text.slice(0, at % 7)}`;
    });
}

/** What is wrong with the answer to a body; undefined: nothing. */
export async function complaint(app: App, path: string, body: string): Promise<string | undefined> {
  const response = await app.request(`http://local${path}`, { method: "POST", body, headers: { "content-type": "application/json" } });
  const text = await response.text();
  const said = `${response.status} ${text.slice(0, 300)} to ${path} ${body.slice(0, 1000)}`;
  const anthropic = path.startsWith("/v1/messages");
  if (response.status === 200) {
    if (!response.headers.get("content-type")!.startsWith("text/event-stream"))
      return typeof JSON.parse(text) === "object" ? undefined : said;
    const events = text.split("\n\n").filter((event) => event !== "" && !event.startsWith(":"));
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) return said;
      if (data !== "[DONE]") JSON.parse(data);
    }
    return events.length > 0 ? undefined : said;
  }
  if (response.status < 400 || response.status >= 500) return said;
  const { type, error } = JSON.parse(text) as { type?: string; error: Record<string, unknown> };
  const { message } = error;
  if (typeof message !== "string" || message === "" || message.length > 1000 || /[\n\r]/.test(message)) return said;
  if (typeof error["type"] !== "string") return said;
  if (anthropic) return type === "error" && !("param" in error) ? undefined : said;
  const named = ["param", "code"].every((key) => error[key] === null || typeof error[key] === "string");
  return type === undefined && named ? undefined : said;
}
