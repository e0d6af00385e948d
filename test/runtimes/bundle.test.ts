/** What goes to Cloudflare: small enough to start quickly, and free of what workerd lacks. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundleForWorkerd } from "./bundle.ts";

const MAX_CODE_BYTES = 1000 * 2 ** 10; // JavaScript, not minified
const MAX_UPLOAD_BYTES = 320 * 2 ** 10; // code and kernels, compressed; Cloudflare's free plan takes 3 MiB

it("the bundle for workerd", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lfm-edge-bundle-"));
  try {
    const { main, kernels } = await bundleForWorkerd(folder);
    const code = readFileSync(join(folder, main));
    expect(kernels.map((name) => name.replace(/^[0-9a-f]+-/, "")).sort()).toEqual(["plain.wasm", "relaxed.wasm"]);
    expect(code.length).toBeLessThan(MAX_CODE_BYTES);
    const upload = [code, ...kernels.map((name) => readFileSync(join(folder, name)))].map((file) => gzipSync(file).length);
    expect(upload.reduce((sum, bytes) => sum + bytes)).toBeLessThan(MAX_UPLOAD_BYTES);

    const imports = [...code.toString().matchAll(/^import .* from "(.+)";$/gm)].map(([, from]) => from);
    expect(new Set(imports)).toEqual(new Set(kernels.map((name) => `./${name}`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
