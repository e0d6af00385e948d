/** Files of prompts write each tool once, and name those of a prompt. */
import type { Tool } from "../src/types.ts";

export type NamedTools = Readonly<Record<string, Omit<Tool["function"], "name">>>;

export function toolsOf(tools: NamedTools, names: readonly string[] = []): Tool[] {
  return names.map((name) => ({ type: "function", function: { name, ...tools[name]! } }));
}
