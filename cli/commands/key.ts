/** lfm-edge key: a new API key, and what a server keeps of it. */
import { defineCommand } from "citty";
import { KEY_NAME, KEY_NAME_RULE, newKey } from "../../worker/keys.ts";
import { UsageError } from "../errors.ts";
import { jsonArg } from "../options.ts";

export const examples = ["lfm-edge key --name alice", "lfm-edge key --json"];

export default defineCommand({
  meta: { name: "key", description: "Make an API key for serve" },
  args: {
    name: { type: "string", valueHint: "NAME", description: "Whose it is, for the server's log" },
    ...jsonArg,
  },
  async run({ args }) {
    if (args.name !== undefined && !KEY_NAME.test(args.name)) throw new UsageError(`--name: ${KEY_NAME_RULE}`);
    const { key, hash } = await newKey();
    const record = { ...(args.name !== undefined && { name: args.name }), key: hash };
    if (args.json) return console.log(JSON.stringify({ key, record }));
    console.log(`${key}\n${JSON.stringify(record)}`);
    console.error(
      "The first line is the key: it is for the client, and is kept nowhere. The second is for the list in the server's --keys file.",
    );
  },
});
