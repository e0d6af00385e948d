import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], extra: object = {}) => ({
  resolve: { conditions: ["source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["source", "node", "import", "default"] } },
  test: { name, include, exclude: ["**/node_modules/**"], ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project("fast", ["test/**/*.test.ts"], {
        exclude: ["**/node_modules/**", "test/slow/**", "test/runtimes/**", "test/clients/**"],
        testTimeout: 30_000,
      }),
      // The built package beside other people's, of which some have a "source" that Node does not run.
      { test: { name: "clients", include: ["test/clients/**/*.test.ts"], exclude: ["**/node_modules/**"], testTimeout: 30_000 } },
      project("slow", ["test/slow/**/*.test.ts"], { testTimeout: 900_000, hookTimeout: 900_000, fileParallelism: false }),
      // V8 pairs vectors from the first call on: kernels, goldens and equal bits in that mode.
      project("paired", ["test/kernels/**/*.test.ts", "test/goldens.test.ts", "test/engine.test.ts"], {
        execArgv: ["--experimental-wasm-revectorize", "--no-liftoff"],
        testTimeout: 60_000,
      }),
      project("runtimes", ["test/runtimes/**/*.test.ts"], { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
