/** Streams whose first event takes long. */
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { anthropicEvents, begun, type EventFormat, eventStream, namedEvents, unnamedEvents } from "../worker/sse.ts";

async function* late(until: Promise<void>): AsyncGenerator<object, void, void> {
  await until;
  yield { type: "said" };
}

async function all(parts: AsyncIterable<object>): Promise<object[]> {
  const said: object[] = [];
  for await (const part of parts) said.push(part);
  return said;
}

describe("a stream that says nothing yet", () => {
  it.each<[string, EventFormat, RegExp]>([
    ["chat", unnamedEvents, /^(: ping\n\n){3}data: {"type":"said"}\n\ndata: \[DONE\]\n\n$/],
    ["responses", namedEvents, /^(: ping\n\n){3}event: said\ndata: {"type":"said"}\n\ndata: \[DONE\]\n\n$/],
    ["messages", anthropicEvents, /^(event: ping\ndata: {"type":"ping"}\n\n){3}event: said\ndata: {"type":"said"}\n\n$/],
  ])("pings, as the clients of %s pass over", async (_, format, expected) => {
    let say = (): void => {};
    const until = new Promise<void>((resolve) => (say = resolve));
    const app = new Hono().get("/", (c) => eventStream(c, late(until), { format, onLeave: () => {}, pingMs: 1 }));
    const reader = (await app.request("/")).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let pings = 0; pings < 3; pings++) text += (await reader.read()).value;
    say();
    for (let step = await reader.read(); !step.done; step = await reader.read()) if (!step.value.includes("ping")) text += step.value;
    expect(text).toMatch(expected);
  });
});

describe("a stream", () => {
  it("waits for its first part, but not for ever", async () => {
    let say = (): void => {};
    const until = new Promise<void>((resolve) => (say = resolve));
    const parts = await begun(late(until), 1);
    say();
    expect(await all(parts)).toEqual([{ type: "said" }]);
  });

  it("throws what its first part throws, in time or later", async () => {
    const failing = late(Promise.reject(new Error("no")));
    await expect(begun(failing, 1000)).rejects.toThrow("no");
    let fail: (error: Error) => void = () => {};
    const until = new Promise<void>((_, reject) => (fail = reject));
    const parts = await begun(late(until), 1);
    fail(new Error("too late"));
    await expect(all(parts)).rejects.toThrow("too late");
  });
});
