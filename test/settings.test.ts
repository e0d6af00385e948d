/** How a server is set up from outside, and the lines of its log. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import serve from "../cli/commands/serve.ts";
import type { LogEntry } from "../src/types.ts";
import { logLine } from "../worker/log.ts";
import { environment, isLoopback, readSettings, refusePublic, type ServerSettings } from "../worker/settings.ts";

const read = (values: Record<string, string>, file?: string): Promise<ServerSettings> =>
  readSettings(
    environment((name) => values[name]),
    file === undefined ? undefined : () => Promise.resolve(file),
  );

describe("settings", () => {
  it("are this machine only, where nothing is set", async () => {
    expect(await read({ HOST: "", LFM_API_KEY: "", LFM_PARALLEL: "" })).toEqual({
      hostname: "127.0.0.1",
      port: 8080,
      model: undefined,
      maxSequences: undefined,
      graceMs: undefined,
      log: undefined,
      publicWithoutKey: false,
      app: {},
    });
  });

  it("are what is set", async () => {
    const values = {
      HOST: "::1",
      PORT: "0",
      LFM_MODEL: "m.gguf",
      LFM_PARALLEL: "8",
      LFM_API_KEY: "secret",
      LFM_KEYS: "keys.json",
      LFM_PUBLIC_WITHOUT_KEY: "1",
      LFM_CORS: "https://a.example, https://b.example",
      LFM_LOG: "text",
      LFM_GRACE: "0",
      LFM_MAX_QUEUE: "0",
      LFM_REQUESTS_PER_MINUTE: "5",
      LFM_TOKENS_PER_MINUTE: "6",
    };
    expect(await read(values, '["plain", { "key": "other", "name": "alice" }]')).toEqual({
      hostname: "::1",
      port: 0,
      model: "m.gguf",
      maxSequences: 8,
      graceMs: 0,
      log: "text",
      publicWithoutKey: true,
      app: {
        apiKeys: ["secret", "plain", { key: "other", name: "alice" }],
        cors: ["https://a.example", "https://b.example"],
        limits: { maxQueue: 0, requestsPerMinute: 5, tokensPerMinute: 6 },
      },
    });
  });

  it("hold the keys themselves where there are no files", async () => {
    expect((await read({ LFM_KEYS: '["a"]' })).app.apiKeys).toEqual(["a"]);
  });

  it.each([
    [{ PORT: "http" }, 'the port must be from 0 to 65535, but PORT is "http"'],
    [{ PORT: "-1" }, 'the port must be from 0 to 65535, but PORT is "-1"'],
    [{ LFM_PARALLEL: "0" }, 'LFM_PARALLEL must be a whole number from 1 up, not "0"'],
    [{ LFM_GRACE: "1e9" }, 'LFM_GRACE must be from 0 to 86400, not "1e9"'],
    [{ LFM_API_KEY: "a b" }, "the API key of LFM_API_KEY must not have spaces"],
    [{ LFM_KEYS: "secret" }, "the keys of LFM_KEYS are not valid JSON"],
    [{ LFM_KEYS: "{}" }, "the keys of LFM_KEYS must be a list"],
    [{ LFM_KEYS: "[]" }, "LFM_KEYS: the list must hold from 1 to"],
    [{ LFM_KEYS: '[{ "key": "x", "name": "a b" }]' }, "LFM_KEYS: the list[0].name: a name has"],
    [{ LFM_API_KEY: "sha256:5b1c" }, "LFM_API_KEY: "],
    [{ LFM_LOG: "xml" }, 'LFM_LOG must be json or text, not "xml"'],
    [{ LFM_PUBLIC_WITHOUT_KEY: "yes" }, 'LFM_PUBLIC_WITHOUT_KEY must be 1 or 0, not "yes"'],
  ])("%j is refused", async (values, message) => {
    await expect(read(values as Record<string, string>)).rejects.toThrow(
      expect.objectContaining({ name: "SettingError", message: expect.stringContaining(message) }),
    );
  });

  it.each(["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])("%s is this machine", (hostname) => {
    expect(isLoopback(hostname)).toBe(true);
    refusePublic({ hostname, publicWithoutKey: false, app: {} });
  });

  it.each(["0.0.0.0", "::", "0", "", "192.168.1.4", "example.com", "localhost.example.com", "127.0.0.1.example.com", "notlocalhost"])(
    "%j is for others too, and wants a key or a word",
    (hostname) => {
      expect(() => refusePublic({ hostname, publicWithoutKey: false, app: {} })).toThrow(`Cannot serve on ${hostname} without a key`);
      refusePublic({ hostname, publicWithoutKey: true, app: {} });
      refusePublic({ hostname, publicWithoutKey: false, app: { apiKeys: ["secret"] } });
    },
  );

  it("are all in the documentation, with their flags", () => {
    const page = readFileSync(new URL("../docs/serving.md", import.meta.url), "utf8");
    const source = readFileSync(new URL("../worker/settings.ts", import.meta.url), "utf8");
    const names = [...source.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(page).toContain(`\`${name}`);
    const common = ["model", "threads", "ctx", "unpaired", "memory", "chat-template", "quiet"];
    for (const flag of Object.keys(serve.args as object)) if (!common.includes(flag)) expect(page).toContain(`--${flag}`);
  });
});

describe("a line of the log", () => {
  const entry: LogEntry = {
    time: "2026-01-02T03:04:05.678Z",
    id: "one",
    client: "alice",
    method: "POST",
    path: "/v1/chat/completions",
    status: 200,
    ms: 812.4,
    model: "lfm2",
    promptTokens: 20,
    cachedTokens: 0,
    completionTokens: 64,
    queueMs: 3.1,
    firstTokenMs: 95.2,
  };

  it("is JSON, or text", () => {
    expect(JSON.parse(logLine(entry, "json"))).toEqual(entry);
    expect(logLine(entry, "text")).toBe(
      "2026-01-02T03:04:05.678Z 200 POST /v1/chat/completions alice 812.4 ms lfm2 20+64 tokens, first after 95.2 ms, queued 3.1 ms",
    );
  });

  it("is one line, whatever a stranger's path holds", () => {
    const { time, id, client, method } = entry;
    const strange = {
      time,
      id,
      client,
      method,
      path: "/\u001b[2J\n200 ok\ud800é",
      status: 404,
      ms: 1,
      error: "unknown_url",
      left: true,
    } as const;
    expect(logLine(strange, "text")).toBe(
      "2026-01-02T03:04:05.678Z 404 POST /\\u001b[2J\\u000a200 ok\\ud800\\u00e9 alice 1 ms unknown_url (the client left)",
    );
    expect(logLine(strange, "json")).not.toContain("\n");
  });
});
