/** Rates and turns by themselves, with a clock of the test's. */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FairQueue, type Place, QueueError } from "../worker/limits/fair-queue.ts";
import { MAX_CLIENTS, MemoryStore } from "../worker/limits/memory-store.ts";

describe("MemoryStore", () => {
  let now = 0;
  beforeEach(() => {
    now = 1000;
  });
  const store = (): MemoryStore => new MemoryStore(() => now);

  it("gives a minute's worth at once, then as it refills", () => {
    const limits = store();
    const take = (): unknown => limits.take("a", 1, 3);
    expect(take()).toEqual({ allowed: true, remaining: 2, resetAfter: 20_000, retryAfter: 0 });
    expect(take()).toEqual({ allowed: true, remaining: 1, resetAfter: 40_000, retryAfter: 0 });
    expect(take()).toEqual({ allowed: true, remaining: 0, resetAfter: 60_000, retryAfter: 0 });
    expect(take()).toEqual({ allowed: false, remaining: 0, resetAfter: 60_000, retryAfter: 20_000 });
    now += 19_999;
    expect(take()).toMatchObject({ allowed: false, retryAfter: 1 });
    now += 1;
    expect(take()).toMatchObject({ allowed: true, remaining: 0 });
    expect(limits.take("b", 1, 3)).toMatchObject({ allowed: true, remaining: 2 });
  });

  it("takes what is not there where it is forced, and gives back", () => {
    const limits = store();
    limits.take("a", 50, 100);
    expect(limits.take("a", 100, 100, true)).toMatchObject({ allowed: true, remaining: 0, resetAfter: 90_000 });
    expect(limits.take("a", 1, 100)).toMatchObject({ allowed: false, retryAfter: 30_600 });
    expect(limits.take("a", -149, 100)).toMatchObject({ allowed: true, remaining: 99 });
    expect(limits.take("a", -1000, 100)).toMatchObject({ remaining: 100, resetAfter: 0 });
  });

  it("knows of no more clients than it has room for, and of none that has used nothing", () => {
    const limits = store();
    for (let i = 0; i < MAX_CLIENTS + 10; i++) limits.take(`client ${i}`, 1, 1);
    expect(limits.size).toBe(MAX_CLIENTS);
    expect(limits.take(`client ${MAX_CLIENTS + 9}`, 1, 1).allowed).toBe(false);
    limits.take("giver", -1, 1);
    expect(limits.size).toBe(MAX_CLIENTS);
  });

  it("never gives more in any minute than twice the limit, however it is asked", () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 30_000 }), cost: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        now = 0;
        const limits = store();
        const given: { at: number; cost: number }[] = [];
        for (const { wait, cost } of steps) {
          now += wait;
          if (limits.take("a", cost, 10).allowed) given.push({ at: now, cost });
        }
        for (const { at: end } of given) {
          const inMinute = given.filter(({ at }) => at > end - 60_000 && at <= end).reduce((sum, { cost }) => sum + cost, 0);
          expect(inMinute).toBeLessThanOrEqual(20);
        }
      }),
    );
  });
});

describe("FairQueue", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const forever = new AbortController().signal;
  /** Names of those who got in, in their order, with their places. */
  function queueOf(capacity: number, maxWaiting = 100) {
    const queue = new FairQueue({ capacity, maxWaiting });
    const places = new Map<string, Place>();
    const refused = new Map<string, unknown>();
    const enter = (client: string, name: string, options: Partial<Parameters<FairQueue["enter"]>[0]> = {}): void => {
      queue
        .enter({ client, sequences: 1, timeout: 1000, signal: forever, ...options })
        .then((place) => places.set(name, place))
        .catch((error: unknown) => refused.set(name, error instanceof QueueError ? error.why : error));
    };
    const release = async (name: string): Promise<void> => {
      places.get(name)!.release();
      await vi.advanceTimersByTimeAsync(0);
    };
    return { queue, enter, release, refused, entered: () => [...places.keys()], places };
  }
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  it("lets in as many as there is room for, and the next when one leaves", async () => {
    const { queue, enter, release, entered } = queueOf(2);
    for (const name of ["1", "2", "3"]) enter("a", name);
    await settle();
    expect([entered(), queue.running, queue.waiting]).toEqual([["1", "2"], 2, 1]);
    await release("1");
    await release("1"); // once more is nothing
    expect([entered(), queue.running, queue.waiting]).toEqual([["1", "2", "3"], 2, 0]);
  });

  it("lets clients take turns", async () => {
    const { enter, release, entered } = queueOf(1);
    for (const name of ["a1", "a2", "a3", "a4"]) enter("a", name);
    for (const name of ["b1", "b2"]) enter("b", name);
    enter("c", "c1");
    for (let i = 0; i < 6; i++) {
      await settle();
      await release(entered().at(-1)!);
    }
    expect(entered()).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  it("waits for the room that one wants, and takes more than there is for all", async () => {
    const { queue, enter, release, entered } = queueOf(4);
    enter("a", "1", { sequences: 2 });
    enter("b", "2", { sequences: 9 });
    enter("c", "3");
    await settle();
    expect(entered()).toEqual(["1"]);
    await release("1");
    expect([entered(), queue.waiting]).toEqual([["1", "2"], 1]);
    await release("2");
    expect(entered()).toEqual(["1", "2", "3"]);
  });

  it("keeps a client to its number, without keeping up others", async () => {
    const { enter, release, entered } = queueOf(3);
    for (const name of ["a1", "a2"]) enter("a", name, { maxConcurrent: 1 });
    enter("b", "b1");
    await settle();
    expect(entered()).toEqual(["a1", "b1"]);
    await release("a1");
    expect(entered()).toEqual(["a1", "b1", "a2"]);
  });

  it("refuses who is too many: of the client that has most waiting", async () => {
    const { enter, refused, queue } = queueOf(1, 3);
    for (const name of ["in", "a1", "a2", "a3"]) enter("a", name);
    enter("b", "b1");
    await settle();
    expect([[...refused], queue.waiting]).toEqual([[["a3", "full"]], 3]);
    enter("c", "c1");
    enter("d", "d1");
    await settle();
    expect([...refused]).toEqual([
      ["a3", "full"],
      ["a2", "full"],
      ["d1", "full"],
    ]);
  });

  it("refuses at once where nobody may wait", async () => {
    const { enter, refused, entered } = queueOf(1, 0);
    enter("a", "1");
    enter("b", "2");
    await settle();
    expect([entered(), [...refused]]).toEqual([["1"], [["2", "full"]]]);
  });

  it("forgets who leaves, waits too long, or finds it closed", async () => {
    const { queue, enter, release, refused, entered } = queueOf(1);
    const left = new AbortController();
    enter("a", "1");
    enter("a", "leaves", { signal: left.signal });
    enter("b", "late", { timeout: 500 });
    enter("c", "stays");
    left.abort("left");
    await vi.advanceTimersByTimeAsync(499);
    expect([...refused]).toEqual([["leaves", "left"]]);
    await vi.advanceTimersByTimeAsync(1);
    expect([refused.get("late"), queue.waiting]).toEqual(["timeout", 1]);
    await release("1");
    expect(entered()).toEqual(["1", "stays"]);
    enter("d", "waits");
    queue.close();
    enter("d", "comes");
    enter("d", "gone", { signal: left.signal });
    await settle();
    expect([refused.get("waits"), refused.get("comes"), refused.get("gone"), queue.running]).toEqual(["closed", "closed", "left", 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells how long one waited", async () => {
    const { enter, release, places } = queueOf(1);
    enter("a", "1");
    enter("b", "2");
    await vi.advanceTimersByTimeAsync(300);
    await release("1");
    expect([places.get("1")?.waited, places.get("2")?.waited]).toEqual([0, 300]);
  });

  it("holds no more than its capacity and loses none, whatever comes and goes", async () => {
    const event = fc.oneof(
      fc.record({ do: fc.constant("enter" as const), client: fc.constantFrom("a", "b", "c"), sequences: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constantFrom("release" as const, "leave" as const), which: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
        const queue = new FairQueue({ capacity: 3, maxWaiting: 5 });
        const held: { place: Place; sequences: number }[] = [];
        const waiting: AbortController[] = [];
        let refused = 0;
        let came = 0;
        for (const one of events) {
          if (one.do === "enter") {
            const left = new AbortController();
            waiting.push(left);
            came++;
            const { client, sequences } = one;
            queue.enter({ client, sequences, maxConcurrent: 2, timeout: 1e6, signal: left.signal }).then(
              (place) => {
                held.push({ place, sequences: Math.min(sequences, 3) });
                waiting.splice(waiting.indexOf(left), 1);
              },
              () => {
                refused++;
                waiting.splice(waiting.indexOf(left), 1);
              },
            );
          } else if (one.do === "release" && held.length > 0) held.splice(one.which % held.length, 1)[0]!.place.release();
          else if (one.do === "leave" && waiting.length > 0) waiting[one.which % waiting.length]!.abort("left");
          await vi.advanceTimersByTimeAsync(0);
          expect(held.reduce((sum, { sequences }) => sum + sequences, 0)).toBeLessThanOrEqual(3);
          expect(queue.waiting).toBeLessThanOrEqual(5);
          expect(queue.waiting).toBe(waiting.length);
          expect(queue.running).toBe(held.length);
        }
        while (held.length > 0) {
          held.pop()!.place.release();
          await vi.advanceTimersByTimeAsync(0);
        }
        expect([queue.waiting, queue.running]).toEqual([0, 0]);
        expect(came).toBeGreaterThanOrEqual(refused);
      }),
      { numRuns: 50 },
    );
  });
});
