/** Kernels are loaded once a process; a load that failed is not remembered. */
import { expect, it, vi } from "vitest";
import { chooseKernels } from "../src/wasm/builds.ts";

const loads = vi.hoisted(() => ({ failing: 0, made: 0 }));
vi.mock("#runtime", async (original) => {
  const runtime = await original<typeof import("#runtime")>();
  return {
    ...runtime,
    loadKernels: (...build: Parameters<typeof runtime.loadKernels>) => {
      loads.made++;
      return loads.failing-- > 0 ? Promise.reject(new Error("the file is not there")) : runtime.loadKernels(...build);
    },
  };
});

it("fails, works the next time, and is then there", async () => {
  loads.failing = 1;
  await expect(chooseKernels("plain")).rejects.toThrow("the file is not there");
  const { build } = await chooseKernels("plain");
  expect([build, loads.made]).toEqual(["plain", 2]);
  await Promise.all([chooseKernels("plain"), chooseKernels("plain")]);
  expect(loads.made).toBe(2);
});
