/** The model that runs when none is named: see models/README.md. */
export function defaultModel(): URL {
  const root = /\/dist\/worker\/[^/]+$/.test(import.meta.url) ? "../../" : "../"; // built, or run from source
  return new URL(`${root}models/lfm-edge-12m-Q4_0.gguf`, import.meta.url);
}
