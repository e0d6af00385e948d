/** npm run build: kernels → build/*.wasm, TypeScript → dist/, with the kernels beside it. `--kernels` stops after the first step. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${script}`, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

for (const target of ["plain", "relaxed", "debug"]) run("assemblyscript/bin/asc.js", "--target", target);
if (!process.argv.includes("--kernels")) {
  // Beside what is there, which stays whole when this is interrupted.
  const [made, dist] = [`${root}dist.new`, `${root}dist`];
  rmSync(made, { recursive: true, force: true });
  run("typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", made);
  // A model's threads start in half the time when what they import is one file. Only runtimes with Node's modules have threads.
  await build({
    entryPoints: ["leader", "follower"].map((thread) => `${made}/src/generate/threads/${thread}.js`),
    outdir: `${made}/src/generate/threads`,
    allowOverwrite: true,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    alias: { "#runtime": `${made}/src/runtime/node.js` },
  });
  for (const name of ["plain", "relaxed"]) cpSync(`${root}build/${name}.wasm`, `${made}/build/${name}.wasm`);
  chmodSync(`${made}/cli/main.js`, 0o755);
  rmSync(dist, { recursive: true, force: true });
  renameSync(made, dist);
}
