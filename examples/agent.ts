/** An agent: the model calls tools until it has its answer.   node examples/agent.ts model.gguf "What time is it in Tokyo?" */
import { load, type Message, type Tool } from "lfm-edge";

const MAX_STEPS = 5;

const functions: Record<string, (args: Record<string, unknown>) => unknown> = {
  get_time: ({ city }) => new Date().toLocaleTimeString("en-GB", { timeZone: city === "Tokyo" ? "Asia/Tokyo" : "UTC" }),
  get_weather: ({ city }) => ({ city, sky: "clear", celsius: 21 }),
};
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools: Tool[] = [
  { type: "function", function: { name: "get_time", description: "The time in a city", parameters: city } },
  { type: "function", function: { name: "get_weather", description: "The weather in a city", parameters: city } },
];

await using model = await load(process.argv[2] ?? "model.gguf");
const messages: Message[] = [{ role: "user", content: process.argv[3] ?? "What time is it in Tokyo?" }];

for (let step = 1; step <= MAX_STEPS; step++) {
  const { content, toolCalls } = await model.chat(messages, { tools, seed: 1, maxTokens: 500 });
  if (toolCalls.length === 0) {
    console.log(content);
    break;
  }
  messages.push({
    role: "assistant",
    content,
    tool_calls: toolCalls.map(({ id, name, arguments: args }) => ({ id, type: "function", function: { name, arguments: args } })),
  });
  for (const { id, name, arguments: args } of toolCalls) {
    const result = JSON.stringify(functions[name]?.(args) ?? { error: `there is no ${name}` });
    console.log(`${name}(${JSON.stringify(args)}) → ${result}`);
    messages.push({ role: "tool", tool_call_id: id, content: result });
  }
}
