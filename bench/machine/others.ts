/** Whether others used the machine while something was measured. Linux tells; elsewhere nobody is seen. */
import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10; // of /proc's clock
const SLACK_MS = 2 * TICK_MS;
/** Of one core: as much as a machine needs for itself. */
const TOLERATED = 0.1;
const CALM_MS = 250;
const MAX_WAIT_MS = 5000;

export interface Watched<T> {
  readonly value: T;
  readonly others: number; // cores that others used, on the average
}

/** Runs work that one process (and its group) does, and says what everybody else did meanwhile. */
export async function watch<T>(pid: number, work: () => Promise<T>): Promise<Watched<T>> {
  const [busy, own, start] = [busyMs(), groupMs(pid), performance.now()];
  const value = await work();
  const others = busyMs() - busy - (groupMs(pid) - own) - SLACK_MS;
  return { value, others: Math.max(0, others / (performance.now() - start)) };
}

export const isDisturbed = ({ others }: Pick<Watched<unknown>, "others">): boolean => others > TOLERATED;

/** Waits until the machine is idle, but not for ever. */
export async function calm(signal: AbortSignal): Promise<void> {
  for (const start = performance.now(); performance.now() - start < MAX_WAIT_MS; ) {
    signal.throwIfAborted();
    const busy = busyMs();
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    if (busyMs() - busy - SLACK_MS < TOLERATED * CALM_MS) return;
  }
}

/** Of all processors since the start: user, nice, system, interrupts, and what the host took away. */
function busyMs(): number {
  const [, user, nice, system, , , irq, softirq, steal] = read("/proc/stat").split("\n")[0]!.split(/\s+/).map(Number);
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * TICK_MS;
}

/** Of this process and the group that the other one leads. */
function groupMs(leader: number): number {
  let ms = 0;
  for (const pid of process.platform === "linux" ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(pid)) continue;
    // "pid (name) state ppid pgrp …", times at 14 and 15; the name may hold anything
    const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
    if (Number(fields[2]) === leader || Number(pid) === process.pid) ms += (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }
  return ms;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // no such system, or the process has ended
  }
}
