/** GET /docs: the OpenAPI document for people. One page, which loads nothing but that document. */
export const docsHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'",
};

export const docsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lfm-edge</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  details { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .5rem 0; }
  summary { cursor: pointer; }
  code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
  table { border-collapse: collapse; margin: .5rem 0 1rem; width: 100%; }
  td, th { padding: .2rem .75rem .2rem 0; text-align: left; vertical-align: top; }
</style>
<h1>lfm-edge</h1>
<p>The whole description is in <a href="/openapi.json">openapi.json</a>.</p>
<main>Loading …</main>
<script>
  const element = (name, ...inner) => {
    const node = document.createElement(name);
    node.append(...inner);
    return node;
  };
  const typeOf = (schema) => {
    if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" | ");
    if ("const" in schema) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (schema.type === "array") return "[" + (schema.items ? typeOf(schema.items) : "") + "]";
    if (schema.type === "object" && schema.properties) return "{ " + Object.keys(schema.properties).join(", ") + " }";
    return schema.type ?? "any";
  };
  const fields = (schema) => {
    const table = element("table");
    for (const [name, field] of Object.entries(schema.properties)) {
      const required = schema.required?.includes(name) ? " (required)" : "";
      table.append(element("tr", element("td", element("code", name), required), element("td", field.description ?? element("code", typeOf(field)))));
    }
    return table;
  };
  const show = async () => {
    const { paths } = await (await fetch("/openapi.json")).json();
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary, requestBody }]) => {
        const body = requestBody?.content["application/json"].schema;
        const title = element("summary", element("code", method.toUpperCase() + " " + path), " — " + summary);
        return element("details", title, body ? fields(body) : "");
      }),
    );
    document.querySelector("main").replaceChildren(...operations);
  };
  show().catch(() => document.querySelector("main").replaceChildren("openapi.json could not be read."));
</script>
</html>
`;
