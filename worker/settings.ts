/** How a server is set up from outside: by the environment, or by flags of the same meaning. */
import type { ApiKey, AppOptions, Limits } from "../src/index.ts";
import { checkKeys } from "./keys.ts";

export type SettingName =
  | "HOST"
  | "PORT"
  | "LFM_MODEL"
  | "LFM_PARALLEL"
  | "LFM_API_KEY"
  | "LFM_KEYS"
  | "LFM_PUBLIC_WITHOUT_KEY"
  | "LFM_CORS"
  | "LFM_LOG"
  | "LFM_GRACE"
  | "LFM_MAX_QUEUE"
  | "LFM_REQUESTS_PER_MINUTE"
  | "LFM_TOKENS_PER_MINUTE";

/** What was said, and where, as "PORT" or "--port"; undefined: nothing was. */
export type Settings = (name: SettingName) => { readonly value: string; readonly from: string } | undefined;

export interface ServerSettings {
  readonly hostname: string;
  readonly port: number;
  readonly model: string | undefined;
  readonly maxSequences: number | undefined;
  readonly graceMs: number | undefined;
  readonly log: LogFormat | undefined;
  readonly publicWithoutKey: boolean;
  readonly app: Pick<AppOptions, "apiKeys" | "cors" | "limits">;
}

export type LogFormat = "json" | "text";

/** Something is set to what it cannot be; the message is one line and names it. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

export function environment(get: (name: string) => string | undefined): Settings {
  return (name) => {
    const value = get(name);
    return value ? { value, from: name } : undefined; // an empty one is none
  };
}

/** readFile: of the keys file; without it, LFM_KEYS is the file's text. @throws {SettingError} */
export async function readSettings(settings: Settings, readFile?: (path: string) => Promise<string>): Promise<ServerSettings> {
  const whole = (name: SettingName, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined => {
    const setting = settings(name);
    if (!setting) return undefined;
    const { value, from } = setting;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least} up` : `from ${least} to ${most}`;
    const what = name === "PORT" ? `the port must be ${range}, but ${from} is` : `${from} must be ${range}, not`;
    throw new SettingError(`${what} ${JSON.stringify(value)}`);
  };
  const apiKeys = [...single(settings("LFM_API_KEY")), ...(await keysOf(settings("LFM_KEYS"), readFile))];
  const limits = present({
    maxQueue: whole("LFM_MAX_QUEUE", 0),
    requestsPerMinute: whole("LFM_REQUESTS_PER_MINUTE", 1),
    tokensPerMinute: whole("LFM_TOKENS_PER_MINUTE", 1),
  }) satisfies Limits;
  const grace = whole("LFM_GRACE", 0, 86_400);
  return {
    hostname: settings("HOST")?.value ?? "127.0.0.1",
    port: whole("PORT", 0, 65_535) ?? 8080,
    model: settings("LFM_MODEL")?.value,
    maxSequences: whole("LFM_PARALLEL", 1),
    graceMs: grace === undefined ? undefined : grace * 1000,
    log: logFormat(settings("LFM_LOG")),
    publicWithoutKey: flag(settings("LFM_PUBLIC_WITHOUT_KEY")),
    app: {
      ...(apiKeys.length > 0 && { apiKeys }),
      ...(Object.keys(limits).length > 0 && { limits }),
      ...present({
        cors: settings("LFM_CORS")
          ?.value.split(",")
          .map((origin) => origin.trim()),
      }),
    },
  };
}

/** @throws {SettingError} Others can reach the address, no key is asked for, and nobody said that this is meant. */
export function refusePublic({ hostname, publicWithoutKey, app }: Pick<ServerSettings, "hostname" | "publicWithoutKey" | "app">): void {
  if (app.apiKeys || publicWithoutKey || isLoopback(hostname)) return;
  throw new SettingError(
    `Cannot serve on ${hostname} without a key, because others can reach it: set LFM_API_KEY or LFM_KEYS (lfm-edge key makes a key), or LFM_PUBLIC_WITHOUT_KEY=1 to answer everybody`,
  );
}

/** Whether only this machine can reach it. */
export function isLoopback(hostname: string): boolean {
  return /^((.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

type Setting = ReturnType<Settings>;

/** @throws {SettingError} */
function single(setting: Setting): (string | ApiKey)[] {
  if (!setting) return [];
  if (!/^\S+$/.test(setting.value)) throw new SettingError(`the API key of ${setting.from} must not have spaces`);
  return checked([setting.value], setting.from);
}

/** A list of ApiKey, as JSON. @throws {SettingError} */
async function keysOf(setting: Setting, readFile: ((path: string) => Promise<string>) | undefined): Promise<(string | ApiKey)[]> {
  if (!setting) return [];
  const { value, from } = setting;
  const text = readFile ? await readFile(value) : value;
  let keys: unknown;
  try {
    keys = JSON.parse(text);
  } catch {
    throw new SettingError(`the keys of ${from} are not valid JSON`); // not what was found: it may be a key
  }
  if (!Array.isArray(keys)) throw new SettingError(`the keys of ${from} must be a list, as [{ "name": "alice", "key": "sha256:…" }]`);
  return checked(keys as (string | ApiKey)[], from);
}

/** @throws {SettingError} A key that is none, or no key at all: nobody means to guard a server with that. */
function checked(keys: (string | ApiKey)[], from: string): (string | ApiKey)[] {
  try {
    checkKeys(keys);
    return keys;
  } catch (error) {
    throw new SettingError(`${from}: ${(error as Error).message.replace(/^apiKeys/, "the list")}`);
  }
}

function logFormat(setting: Setting): LogFormat | undefined {
  if (setting && setting.value !== "json" && setting.value !== "text")
    throw new SettingError(`${setting.from} must be json or text, not ${JSON.stringify(setting.value)}`);
  return setting?.value as LogFormat | undefined;
}

function flag(setting: Setting): boolean {
  if (setting && setting.value !== "1" && setting.value !== "0")
    throw new SettingError(`${setting.from} must be 1 or 0, not ${JSON.stringify(setting.value)}`);
  return setting?.value === "1";
}

function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}
