import type { Tool } from "../src/types.ts";
import { readJson } from "./files.ts";

/** A list of tools, or of bare functions. What is in one is checked by the template that prints it. */
export async function readTools(path: string): Promise<Tool[]> {
  const tools = await readJson(path);
  if (!Array.isArray(tools)) throw new Error(`Cannot use ${path}: expected a list of tools`);
  return (tools as unknown[]).map((tool, i) => {
    const declared: unknown = typeof tool === "object" && tool !== null && "function" in tool ? tool.function : tool;
    if (typeof declared === "object" && declared !== null && "name" in declared && typeof declared.name === "string") {
      return { type: "function", function: declared as Tool["function"] };
    }
    throw new Error(`Cannot use ${path}: tool ${i} has no name; expected { "type": "function", "function": { "name": … } }`);
  });
}
