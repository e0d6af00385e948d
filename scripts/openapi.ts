/** node --conditions=source scripts/openapi.ts: worker/openapi.generated.ts, made of the schemas that check the bodies. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as z from "zod/mini";
import type { Body } from "../worker/schemas/body.ts";
import { chatBody } from "../worker/schemas/chat.ts";
import { completionBody } from "../worker/schemas/completions.ts";
import { embeddingBody } from "../worker/schemas/embeddings.ts";
import { countBody, messagesBody } from "../worker/schemas/messages.ts";
import { responseBody } from "../worker/schemas/responses.ts";
import { detokenizeBody, templateBody, tokenizeBody } from "../worker/schemas/tokens.ts";

const target = new URL("../worker/openapi.generated.ts", import.meta.url);
const { version, description } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Record<string, string>;

type AnyBody = Pick<Body<never>, "hints" | "refused"> & { readonly schema: z.core.$ZodType };

interface Operation {
  readonly path: string;
  readonly method: "get" | "post" | "delete";
  readonly summary: string;
  readonly body?: AnyBody;
  readonly streams?: boolean;
  readonly type?: string; // of the answer, where it is no JSON
  readonly api?: "anthropic";
}

const operations: readonly Operation[] = [
  { path: "/v1/chat/completions", method: "post", summary: "A reply to a conversation", body: chatBody, streams: true },
  { path: "/v1/completions", method: "post", summary: "The continuation of one text or of several", body: completionBody, streams: true },
  { path: "/v1/responses", method: "post", summary: "A response, which later ones may go on from", body: responseBody, streams: true },
  { path: "/v1/responses/{id}", method: "get", summary: "A response that is stored" },
  { path: "/v1/responses/{id}", method: "delete", summary: "Forgets a response" },
  { path: "/v1/embeddings", method: "post", summary: "Texts as vectors", body: embeddingBody },
  {
    path: "/v1/messages",
    method: "post",
    summary: "A reply, as Anthropic's API has it",
    body: messagesBody,
    streams: true,
    api: "anthropic",
  },
  { path: "/v1/messages/count_tokens", method: "post", summary: "How many tokens a conversation has", body: countBody, api: "anthropic" },
  { path: "/v1/models", method: "get", summary: "The models that are served" },
  { path: "/v1/models/{id}", method: "get", summary: "One of them" },
  { path: "/tokenize", method: "post", summary: "A text's token ids", body: tokenizeBody },
  { path: "/detokenize", method: "post", summary: "The text of token ids", body: detokenizeBody },
  { path: "/apply-template", method: "post", summary: "The prompt that a conversation becomes", body: templateBody },
  { path: "/health", method: "get", summary: "Whether the server can answer: 503 while a model is loaded" },
  { path: "/metrics", method: "get", summary: "Counts and times, as Prometheus reads them", type: "text/plain" },
];

/** What the server answers at /openapi.json. */
export function openapiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: "3.1.0",
    info: { title: "lfm-edge", version, description, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    security: [{}, { key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      responses: { Error: answer("What is wrong", openaiError), AnthropicError: answer("What is wrong", anthropicError) },
    },
  };
}

const text = { type: "string" };
const textOrNull = { type: ["string", "null"] };
const openaiError = envelope({ message: text, type: text, param: textOrNull, code: textOrNull }, {});
const anthropicError = envelope({ type: text, message: text }, { type: { const: "error" } });

function envelope(error: object, beside: object): object {
  const properties = { ...beside, error: { type: "object", required: Object.keys(error), properties: error } };
  return { type: "object", required: Object.keys(properties), properties };
}

const answer = (of: string, schema: object, type = "application/json"): object => ({ description: of, content: { [type]: { schema } } });

function describe({ path, summary, body, streams, type, api }: Operation): object {
  const { content, description: of } = answer(summary, type ? text : { type: "object" }, type) as { content: object; description: string };
  const stream = streams && { "text/event-stream": { schema: text } };
  return {
    summary,
    ...(path.includes("{id}") && { parameters: [{ name: "id", in: "path", required: true, schema: text }] }),
    ...(body && { requestBody: { required: true, content: { "application/json": { schema: schemaOf(body) } } } }),
    responses: {
      200: { description: of, content: { ...content, ...stream } },
      default: { $ref: `#/components/responses/${api ? "AnthropicError" : "Error"}` },
    },
  };
}

function schemaOf({ schema, hints, refused }: AnyBody): object {
  const { $schema: _, properties, ...rest } = z.toJSONSchema(schema, { io: "input" });
  const hint = { description: "Taken, and changes nothing here." };
  const no = Object.entries(refused).map(
    ([name, { why, but = [] }]) => [name, { description: `Refused: ${why}.`, enum: [null, ...but] }] as const,
  );
  return { ...rest, properties: { ...properties, ...Object.fromEntries(hints.map((name) => [name, hint])), ...Object.fromEntries(no) } };
}

/** As one string: nothing is made of it but an answer. */
function generatedModule(): string {
  const json = JSON.stringify(openapiDocument()).replace(/['\\]/g, "\\$&");
  return `/** Made by scripts/openapi.ts of worker/schemas; a test holds it to them. */\nexport const openapi =\n  '${json}';\n`;
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) writeFileSync(target, generatedModule());
