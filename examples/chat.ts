/** A conversation of several turns. What the model thought stays out of its history.   node examples/chat.ts [model.gguf] ["Hello" "And you?"] */
import { load, type Message } from "lfm-edge";

const [path = import.meta.resolve("lfm-edge/model.gguf"), ...turns] = process.argv.slice(2);

await using model = await load(path);
const messages: Message[] = [{ role: "system", content: "You are a helpful assistant." }];

for (const content of turns.length > 0 ? turns : ["Hello!", "My name is Mina.", "What is my name?"]) {
  console.log(`> ${content}`);
  messages.push({ role: "user", content });
  let answer = "";
  for await (const part of model.chatStream(messages, { seed: 1, maxTokens: 1000 })) {
    if (part.type === "reasoning") process.stderr.write(part.text); // shown, and forgotten
    if (part.type !== "text") continue;
    answer += part.text;
    process.stdout.write(part.text);
  }
  process.stdout.write("\n");
  messages.push({ role: "assistant", content: answer });
}
