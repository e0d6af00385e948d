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

/** Runs work that one process does, with those that it started and those that they did, and says what everybody else did meanwhile. */
export async function watch<T>(pid: number, work: () => Promise<T>): Promise<Watched<T>> {
  const [busy, own, start] = [busyMs(), ownMs(pid), performance.now()];
  const value = await work();
  const others = busyMs() - busy - (ownMs(pid) - own) - SLACK_MS;
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

/** Of this process and the other one's whole family: a browser's processes are of a group of their own. */
export function ownMs(ancestor: number): number {
  const processes = new Map<number, { parent: number; ms: number }>();
  for (const name of process.platform === "linux" ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(name)) continue;
    // "pid (name) state ppid …", times at 14 and 15; the name may hold anything
    const fields = read(`/proc/${name}/stat`).split(") ").at(-1)!.split(" ");
    processes.set(Number(name), { parent: Number(fields[1]), ms: (Number(fields[11]) + Number(fields[12])) * TICK_MS });
  }
  const isOwn = (pid: number | undefined): boolean => pid !== undefined && (pid === ancestor || isOwn(processes.get(pid)?.parent));
  return [...processes].reduce((sum, [pid, { ms }]) => (pid === process.pid || isOwn(pid) ? sum + ms : sum), 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // no such system, or the process has ended
  }
}
