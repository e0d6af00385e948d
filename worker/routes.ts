/** What each address does. */
import type { Context, Hono } from "hono";
import { chatCompletions } from "./chat/route.ts";
import { completions } from "./completions/route.ts";
import { docsHeaders, docsPage } from "./docs-page.ts";
import { embeddings } from "./embeddings.ts";
import { ApiError } from "./errors.ts";
import type { Models } from "./models.ts";
import { countTokens, messages } from "./messages/route.ts";
import { openapi } from "./openapi.generated.ts";
import { createResponse, deleteResponse, getResponse } from "./responses/route.ts";
import { ResponseStore } from "./responses/store.ts";
import { applyTemplate, detokenize, tokenize } from "./tokens.ts";

/** Every address, with the one method that it answers. */
export function addRoutes(app: Hono, models: Models): void {
  const store = new ResponseStore();
  const only = (method: string) => (): never => {
    throw new ApiError(405, `only ${method} is answered here`, { code: "method_not_allowed", headers: { allow: method } });
  };
  const get = (path: string, answer: (c: Context) => Response | Promise<Response>): void => void app.get(path, answer).all(only("GET"));
  const post = (path: string, answer: (c: Context) => Promise<Response>): void => void app.post(path, answer).all(only("POST"));

  get("/v1/models", (c) => c.json(models.list(c)));
  get("/v1/models/:id{.+}", (c) => c.json(models.describe(c.req.param("id") ?? "", c)));
  post("/v1/chat/completions", chatCompletions(models));
  post("/v1/completions", completions(models));
  post("/v1/embeddings", embeddings(models));
  post("/v1/responses", createResponse(models, store));
  app.get("/v1/responses/:id", getResponse(store)).delete(deleteResponse(store)).all(only("GET, DELETE"));
  post("/v1/messages", messages(models));
  post("/v1/messages/count_tokens", countTokens(models));
  get("/openapi.json", (c) => c.body(openapi, 200, { "content-type": "application/json" }));
  get("/", (c) => c.redirect("/docs")); // for who looks whether a server is there
  get("/docs", (c) => c.body(docsPage, 200, docsHeaders));
  post("/tokenize", tokenize(models));
  post("/detokenize", detokenize(models));
  post("/apply-template", applyTemplate(models));
  for (const path of ["/health", "/metrics"]) app.all(path, only("GET")); // which answer before all others
  // A route, and the last: what `notFound` throws would pass by the middleware.
  app.all("*", (c) => {
    throw new ApiError(404, `there is no ${c.req.method} ${c.req.path} here`, { code: "unknown_url" });
  });
}
