/** Nothing of a request is kept when it has ended. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { appOf, fakeModel, hello, usage } from "./server-fixtures.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it.each([
  ["read", true, false],
  ["streamed and read", true, true],
  ["streamed and left", false, true],
])("%s", async (_, read, stream) => {
  const parts = [
    { type: "text", index: 0, text: "Hello" },
    { type: "finish", index: 0, finishReason: "stop" },
    { type: "usage", usage },
  ] as const;
  const app = appOf(fakeModel({ parts: [...parts], reply: { content: "Hello" } }).model);
  const kept: WeakRef<object>[] = [];
  const ask = async (): Promise<void> => {
    const left = new AbortController();
    const request = new Request("http://local/v1/chat/completions", {
      method: "POST",
      body: JSON.stringify({ ...hello, stream }),
      signal: left.signal,
    });
    kept.push(new WeakRef(request), new WeakRef(request.signal));
    const response = await app.fetch(request);
    if (read) await response.text();
    else left.abort();
  };
  for (let i = 0; i < 20; i++) await ask();
  // What a finaliser has to let go first is gone a collection later.
  for (let i = 0; i < 10 && kept.some((ref) => ref.deref()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
  }
  expect(kept.filter((ref) => ref.deref())).toHaveLength(0);
});
