/** XGrammar, another implementation, on what both hold replies to. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { canonical, schemaGrammar, straddling, walk } from "../grammar-fixtures.ts";
import { documentOf, schemaArbitrary } from "../schema-arbitrary.ts";

interface XGrammar {
  Grammar: {
    fromJSONSchema(
      schema: string,
      anyWhitespace: boolean,
      indent: number,
      separators: [string, string],
      strict: boolean,
    ): Promise<{ dispose(): void }>;
    fromEBNF(text: string): Promise<{ dispose(): void }>;
  };
  Testings: { isGrammarAcceptString(grammar: object, text: string): Promise<boolean> };
}

/** Its package says that it is a module, and is none: as a file of the other kind it loads. */
function loadXGrammar(): XGrammar {
  const require = createRequire(import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), "lfm-edge-xgrammar-"));
  try {
    copyFileSync(require.resolve("@mlc-ai/web-xgrammar"), join(folder, "index.cjs"));
    return require(join(folder, "index.cjs")) as XGrammar;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let peer: XGrammar;
beforeAll(() => {
  peer = loadXGrammar();
});

async function peerAccepts(schema: unknown, text: string): Promise<boolean> {
  const grammar = await peer.Grammar.fromJSONSchema(JSON.stringify(schema), false, -1, [", ", ": "], false);
  try {
    return await peer.Testings.isGrammarAcceptString(grammar, text);
  } finally {
    grammar.dispose();
  }
}

/** What it ignores, or reads in another way: patterns match whole strings there, constants of several parts have no separators, all prefix items must come. */
const differs = (schema: unknown): boolean =>
  ['"pattern"', '"multipleOf"', '"exclusiveMinimum"', '"format"', '"prefixItems"', '"const":{', "<|", '\\"'].some((sign) =>
    JSON.stringify(schema).includes(sign),
  );

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

test("schemas", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(schemaArbitrary, fc.nat(), async (schema, seed) => {
      if (differs(schema)) return;
      const draw = random(seed);
      const ours = schemaGrammar(schema);
      for (const text of [canonical(documentOf(schema, draw)), walk(ours, straddling, draw)]) {
        if (text === undefined || text.length > 500 || text.includes("\\")) continue; // strings of limited length have no escapes there
        expect([text, await peerAccepts(schema, text)]).toEqual([text, true]);
        // One character less or another in its place: valid or not, both say the same.
        const at = Math.floor(draw() * text.length);
        for (const changed of [text.slice(0, at) + text.slice(at + 1), `${text.slice(0, at)}7${text.slice(at + 1)}`]) {
          if (/\p{Surrogate}|\\u|-0|[eE]|\d{15}/u.test(changed)) continue; // read in other ways there
          expect([changed, await peerAccepts(schema, changed)]).toEqual([changed, ours.matches(changed)]);
          compared++;
        }
      }
    }),
    { numRuns: 400, seed: 5 },
  );
  expect(compared).toBeGreaterThan(200);
});
