import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], extra: object = {}) => ({
  resolve: { conditions: ["source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["source", "node", "import", "default"] } },
  test: { name, include, exclude: ["**/node_modules/**"], ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project("fast", ["test/**/*.test.ts"], { exclude: ["**/node_modules/**", "test/slow/**", "test/runtimes/**"], testTimeout: 30_000 }),
      project("slow", ["test/slow/**/*.test.ts"], { testTimeout: 900_000, hookTimeout: 900_000, fileParallelism: false }),
      project("runtimes", ["test/runtimes/**/*.test.ts"], { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
