/** An agent: the model calls tools until it has its answer.   node examples/agent.ts [model.gguf] ["What is the weather in Oslo?"] */
import { load, type Message, type Tool } from "lfm-edge";

const MAX_STEPS = 5;

const functions: Record<string, (args: Record<string, unknown>) => unknown> = {
  get_weather: () => ({ sky: "clear", temperature: 21 }), // everywhere
  set_timer: ({ minutes }) => ({ rings: new Date(Date.now() + Number(minutes) * 60_000).toTimeString().slice(0, 5) }),
};
const parameters = (properties: Record<string, object>) => ({ type: "object", properties, required: Object.keys(properties) });
const tools: Tool[] = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Get the current weather in a city",
      parameters: parameters({ city: { type: "string" } }),
    },
  },
  {
    type: "function",
    function: { name: "set_timer", description: "Set a timer", parameters: parameters({ minutes: { type: "integer" } }) },
  },
];

await using model = await load(process.argv[2] ?? import.meta.resolve("lfm-edge/model.gguf"));
const messages: Message[] = [{ role: "user", content: process.argv[3] ?? "What is the weather in Oslo?" }];

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
