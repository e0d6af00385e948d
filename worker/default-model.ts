/** The model that runs when none is named: the smallest of the test fixtures, which answers in made-up sentences. */
export function defaultModel(): URL {
  const root = /\/dist\/worker\/[^/]+$/.test(import.meta.url) ? "../../" : "../"; // built, or run from source
  return new URL(`${root}test/fixtures/tiny-moe-Q4_0.gguf`, import.meta.url);
}
