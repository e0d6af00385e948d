/** What a run was measured on, and what that machine's memory gives. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const kernel = `${root}build/read.wasm`;
const script = `${root}bench/machine/memory.ts`;

export function describeMachine() {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.trim().split(" "));
  return {
    date: new Date().toISOString(),
    commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", changed"),
    cpu: cpus()[0]?.model ?? "unknown",
    instructions: ["avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8"].filter((name) => flags.has(name)),
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "no repository";
  }
}

/** A process that reads memory when asked: answers are bytes per second. */
export async function startReader(threads: number, signal: AbortSignal): Promise<Child> {
  compileKernel();
  const paired = Number.parseInt(process.versions.node, 10) >= 24 ? ["--experimental-wasm-revectorize", "--no-liftoff"] : [];
  return new Child("memory", [process.execPath, ...paired, script, "read", String(threads), kernel], signal);
}

/** ms in which a file that lies in the page cache is copied into fresh memory: the median of three. */
export async function copyMs(path: string, threads: number, signal: AbortSignal): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    const child = new Child("copy", [process.execPath, script, "copy", String(threads), path], signal);
    try {
      times.push(await child.answer<number>());
    } finally {
      child.end();
    }
  }
  return times.slice(1).toSorted((a, b) => a - b)[1]!; // the first brings it into the cache
}

function compileKernel(): void {
  const source = `${root}bench/assembly/read.ts`;
  if (existsSync(kernel) && statSync(kernel).mtimeMs > statSync(source).mtimeMs) return;
  const flags = "-O3 --runtime stub --noAssert --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable simd,threads";
  execFileSync(process.execPath, [`${root}node_modules/assemblyscript/bin/asc.js`, source, "-o", kernel, ...flags.split(" ")], {
    cwd: root,
  });
}
