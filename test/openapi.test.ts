/** The OpenAPI document, the page that shows it and the description for people: all say what the schemas say. */
import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openapiDocument } from "../scripts/openapi.ts";
import { load, type Model } from "../src/index.ts";
import { type App, createApp } from "../worker/app.ts";
import { defaultModel } from "../worker/default-model.ts";
import { openapi } from "../worker/openapi.generated.ts";
import { chatBody } from "../worker/schemas/chat.ts";
import { completionBody } from "../worker/schemas/completions.ts";
import { embeddingBody } from "../worker/schemas/embeddings.ts";
import { messagesBody } from "../worker/schemas/messages.ts";
import { responseBody } from "../worker/schemas/responses.ts";
import { detokenizeBody, templateBody, tokenizeBody } from "../worker/schemas/tokens.ts";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
}
interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<string, { requestBody?: { content: { "application/json": { schema: Schema } } }; responses: Record<string, Schema> }>
  >;
  components: { responses: Record<string, object> };
}

const document = JSON.parse(openapi) as Document;

let model: Model;
let app: App;
beforeAll(async () => {
  model = await load(defaultModel());
  app = createApp({ models: model });
});
afterAll(() => model.close());

it("is made of the schemas (node --conditions=source scripts/openapi.ts makes it anew)", () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(openapiDocument())));
});

describe("every address in it", () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );

  it.each(operations)("%s %s is answered", async (method, path) => {
    const response = await app.request(`http://local${path}`, { method, ...(method === "POST" && { body: "{" }) });
    expect([200, 400, 404]).toContain(response.status);
    expect(await response.text()).not.toContain("unknown_url");
    const other = await app.request(`http://local${path}`, { method: "PATCH" });
    expect(other.status).toBe(405);
  });

  it("refers to what is there", () => {
    const references = [...openapi.matchAll(/"\$ref":"#\/components\/responses\/(\w+)"/g)].map(([, name]) => name!);
    expect(references.length).toBeGreaterThan(10);
    for (const name of references) expect(document.components.responses).toHaveProperty(name);
  });
});

it("is served, and so is a page that shows it and loads nothing else", async () => {
  const served = await app.request("http://local/openapi.json");
  expect([served.headers.get("content-type"), await served.text()]).toEqual(["application/json", openapi]);
  const page = await app.request("http://local/docs");
  const html = await page.text();
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(html.match(/(?:src|href)="[^"]*"|fetch\("[^"]*"\)|@import|url\(/g)).toEqual(['href="/openapi.json"', 'fetch("/openapi.json")']);
});

describe("docs/http.md", () => {
  const text = readFileSync(new URL("../docs/http.md", import.meta.url), "utf8");
  const section = (title: string): string => text.split(/^## /m).find((part) => part.startsWith(title)) ?? "";

  it.each([
    ["POST /v1/chat/completions", chatBody],
    ["POST /v1/completions", completionBody],
    ["POST /v1/responses", responseBody],
    ["POST /v1/embeddings", embeddingBody],
    ["POST /v1/messages", messagesBody],
    ["Models and tokens", tokenizeBody],
    ["Models and tokens", detokenizeBody],
    ["Models and tokens", templateBody],
  ] as const)("%s: names every field", (title, body) => {
    const said = section(title);
    for (const name of [...Object.keys(body.schema.def.shape), ...body.hints, ...Object.keys(body.refused)])
      expect(said).toContain(`\`${name}\``);
  });

  it("names every error code", () => {
    const folder = new URL("../worker/", import.meta.url);
    const sources = globSync("**/*.ts", { cwd: folder }).map((name) => readFileSync(new URL(name, folder), "utf8"));
    const codes = new Set(sources.flatMap((source) => [...source.matchAll(/\bcode: "(\w+)"/g)].map(([, code]) => code!)));
    expect(codes.size).toBeGreaterThan(10);
    for (const code of [...codes, "internal_error", "model_loading", "model_failed"]) expect(section("Errors")).toContain(`\`${code}\``);
  });
});
