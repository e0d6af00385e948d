/** The command line as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when a stream has said what matches, and rejects when the process ends before. */
  said(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Without what the caller's own environment says about servers and models. */
export function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOST|PORT|LFM_.*)$/.test(name)));
  const child = spawn(process.execPath, ["--conditions=source", "cli/main.ts", ...args], {
    cwd: root,
    env: { ...inherited, NODE_COMPILE_CACHE: "node_modules/.cache/node", ...env }, // a third of the time of a short command
  });
  const written = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      written[stream] += text;
      for (const look of waiting) look();
    });
  }
  child.stdin.on("error", () => undefined); // it may end before it has read all
  // Whether loading takes long enough to be told is up to the machine.
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout: written.stdout, stderr: written.stderr.replace(/^loading [^\n]*\n/gm, "") })),
  );
  return {
    process: child,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    said: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(written[stream]);
          if (!match) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void ended.then(({ code, stderr }) => reject(new Error(`ended with ${code} and never said ${pattern}: ${stderr}`)));
      }),
    ended,
  };
}

export function lfm(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<Ended> {
  const running = start(args, env);
  running.process.stdin.end(input);
  return running.ended;
}
