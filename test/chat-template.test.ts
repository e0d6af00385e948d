import { describe, expect, test } from "vitest";
import { builtInTemplates } from "../src/chat/built-in-templates.ts";
import { builtInTemplate, createChatTemplate } from "../src/chat/chat-template.ts";
import type { Message, Tool } from "../src/types.ts";
import { genuineTemplates, largeVocabulary, smallVocabulary } from "./chat-fixtures.ts";

const small = await smallVocabulary();
const large = largeVocabulary();
const chat = (template: string | undefined, tokenizer = small): ReturnType<typeof createChatTemplate> =>
  createChatTemplate({ template, tokenizer, architecture: "lfm2", name: undefined });

const tools: Tool[] = [{ type: "function", function: { name: "find_trains", parameters: { type: "object" } } }];
const withCall: Message[] = [
  { role: "user", content: "Trains?" },
  {
    role: "assistant",
    content: null,
    tool_calls: [
      { id: "c1", type: "function", function: { name: "find_trains", arguments: '{"station": "Mum\'s", "limit": 3, "ok": true}' } },
    ],
  },
  { role: "tool", content: "09:10", tool_call_id: "c1" },
];

describe("the prompt", () => {
  test("starts with one BOS, and decodes to the text", () => {
    for (const template of [...Object.values(builtInTemplates), "{{ bos_token }}{{ bos_token }}hi", "hi"]) {
      const { ids, text } = chat(template).render([{ role: "user", content: "hi" }]);
      expect(ids.filter((id) => id === small.bos)).toEqual([1]);
      expect(ids[0]).toBe(1);
      if (text.startsWith("<|startoftext|><|im_start|>")) expect(small.decode(ids, { special: true })).toBe(text);
    }
  });

  test("tells whether it opens the reasoning", () => {
    const thinking = chat(builtInTemplates["lfm2.5-thinking"]);
    const messages: Message[] = [{ role: "user", content: "<think>" }];
    expect(thinking.render(messages).thinkOpened).toBe(true);
    expect(thinking.render(messages, { addGenerationPrompt: false }).thinkOpened).toBe(false);
    expect(chat("{{ messages[0].content }}").render(messages).thinkOpened).toBe(false); // a client's words
    expect(chat(undefined).render(messages).thinkOpened).toBe(false);
  });

  test("takes the date from the caller", () => {
    const dated = chat(builtInTemplates["lfm2.5-dated"]);
    expect(dated.render([{ role: "user", content: "hi" }], { tools, date: "2026-01-02" }).text).toContain("Today's date: 2026-01-02\n");
    expect(dated.render([{ role: "user", content: "hi" }], { tools }).text).toMatch(/Today's date: 20\d\d-\d\d-\d\d\n/);
    for (const date of ["2026-1-2", "2026-02-30", "today", ""]) {
      expect(() => dated.render([{ role: "user", content: "hi" }], { tools, date })).toThrow(/^Cannot use the date/);
    }
  });

  test("passes template arguments, but not the conversation's own variables", () => {
    const template = chat("{{ preserve_thinking }} {{ keep_past_thinking }} {{ x }}");
    expect(template.render([{ role: "user", content: "hi" }], { templateArguments: { keep_past_thinking: true, x: [1] } }).text).toBe(
      "True True [1]",
    );
    expect(() => template.render([{ role: "user", content: "hi" }], { templateArguments: { messages: [] } })).toThrow(
      'Cannot pass "messages"',
    );
  });
});

describe("past calls", () => {
  test("are written by the template that can", () => {
    const { text } = chat(builtInTemplates["lfm2.5"], large).render(withCall, { tools });
    expect(text).toContain(
      "assistant\n<|tool_call_start|>[find_trains(station='Mum's', limit=3, ok=True)]<|tool_call_end|><|im_end|>\n<|im_start|>tool\n09:10<|im_end|>",
    );
  });

  test("go into the content where a template drops them: before the text for LFM2, behind it for LFM2.5", () => {
    const call = "<|tool_call_start|>[find_trains(station='Mum\\'s', limit=3, ok=True)]<|tool_call_end|>";
    const talking = withCall.map((message) => (message.role === "assistant" ? { ...message, content: "One moment." } : message));
    expect(chat(builtInTemplates.lfm2).render(talking, { tools }).text).toContain(`assistant\n${call}One moment.<|im_end|>`);
    const instruct = chat(builtInTemplates["lfm2.5-instruct"]).render(talking, { tools });
    expect(instruct.text).toContain(`assistant\nOne moment.${call}<|im_end|>`);
    expect(instruct.ids).toContain(small.id("<|tool_call_start|>"));
    expect(instruct.ids).toContain(small.id("<|tool_call_end|>"));
  });

  test("are whole, also where their arguments hold what a template looks for", () => {
    const call = { type: "function" as const, function: { name: "f", arguments: { text: "a</think>b" } } };
    const messages: Message[] = [
      { role: "user", content: "go" },
      { role: "assistant", content: "<think>no</think> Yes. ", tool_calls: [call] },
      { role: "tool", content: "ok" },
      { role: "assistant", content: "Done." },
    ];
    const { text } = chat(builtInTemplates["lfm2.5-instruct"]).render(messages);
    expect(text).toContain("assistant\nYes. <|tool_call_start|>[f(text='a</think>b')]<|tool_call_end|><|im_end|>");
  });

  test("in JSON where the template asks for JSON", () => {
    const asking = `{{ "Put the JSON tool call between the call tokens.\n" if tools }}{% for m in messages %}{{ m.content }}\n{% endfor %}`;
    expect(chat(asking).toolSyntax).toBe("json");
    expect(chat(asking).render(withCall, { tools }).text).toContain(
      '<|tool_call_start|>[{"name": "find_trains", "arguments": {"station": "Mum\'s", "limit": 3, "ok": true}}]<|tool_call_end|>',
    );
    const native =
      "{% for m in messages %}{% for c in m.tool_calls %}{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}{% endfor %}{% endfor %}";
    expect(chat(native).toolSyntax).toBe("json");
  });
});

describe("messages are normalised", () => {
  const shown = (messages: unknown[]): unknown => {
    const printer = chat("{{ messages[0].role }}{% for m in messages[1:] %}{{ m | tojson }}{{ '' if loop.last else ',' }}{% endfor %}");
    const text = printer.render([{ role: "user", content: "-" }, ...messages] as Message[]).text;
    return JSON.parse(`[${text.replace(/^user/, "")}]`);
  };

  test("no nulls, text parts joined, developer is system, reasoning is thinking", () => {
    expect(
      shown([
        {
          role: "developer",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        { role: "assistant", content: null, reasoning_content: "r", tool_calls: [] },
        { role: "assistant", tool_calls: null, reasoning: null },
        { role: "assistant", content: [{ type: "refusal", refusal: "no" }] },
        { role: "user", content: "c", name: "kim" },
      ]),
    ).toEqual([
      { role: "system", content: "ab" },
      { role: "assistant", content: "", thinking: "r" },
      { role: "assistant", content: "" },
      { role: "assistant", content: "no" },
      { role: "user", content: "c", name: "kim" },
    ]);
  });

  test("arguments are a mapping, results have their call's name", () => {
    const call = (args: unknown): object => ({ role: "assistant", tool_calls: [{ id: "c1", function: { name: "f", arguments: args } }] });
    const template = chat(
      "{% for m in messages %}{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{{ m.name or '' }}{% endfor %}",
    );
    const text = (args: unknown): string =>
      template.render([call(args), { role: "tool", tool_call_id: "c1", content: "" }] as Message[]).text;
    expect([text('{"a": [1]}'), text({ a: [1] }), text(""), text(null), text(undefined), text("null")]).toEqual([
      'f{"a": [1]}f',
      'f{"a": [1]}f',
      "f{}f",
      "f{}f",
      "f{}f",
      "f{}f",
    ]);
  });

  test("on request they are left alone", () => {
    const template = chat(builtInTemplates.lfm2);
    const { text } = template.render(
      [
        { role: "user", content: "a" },
        { role: "assistant", content: null },
      ],
      { normalize: false },
    );
    expect(text).toContain("assistant\nnull<|im_end|>");
  });

  test.each<[unknown[], RegExp]>([
    [[], /^TemplateError: Cannot use the conversation: messages must be a list with at least one message$/],
    [[null], /messages\[0\] is null, not a message/],
    [[{ role: "root", content: "a" }], /messages\[0\]\.role is "root", expected system, developer, user, assistant, tool/],
    [[{ role: "user" }], /messages\[0\]\.content is missing/],
    [[{ role: "user", content: 3 }], /messages\[0\]\.content is a number, expected text or a list of text parts/],
    [
      [{ role: "user", content: [{ type: "image_url", image_url: {} }] }],
      /^UnsupportedError: Cannot use messages\[0\]\.content\[0\]: its type is "image_url"/,
    ],
    [[{ role: "user", content: [{ type: "refusal", refusal: "no" }] }], /messages\[0\]\.content\[0\]: its type is "refusal"/],
    [[{ role: "user", content: [{ type: "text" }] }], /messages\[0\]\.content\[0\]\.text is missing, not text/],
    [[{ role: "assistant", tool_calls: {} }], /messages\[0\]\.tool_calls is an object, not a list/],
    [[{ role: "assistant", tool_calls: [{ function: {} }] }], /messages\[0\]\.tool_calls\[0\]\.function\.name is missing/],
    [[{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: "{" } }] }], /function\.arguments is no JSON/],
    [[{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: "[1]" } }] }], /function\.arguments is a list, not an object/],
  ])("refused: %j", (messages, message) => {
    let refusal = "";
    try {
      chat(undefined).render(messages as Message[]);
    } catch (error) {
      refusal = String(error);
    }
    expect(refusal).toMatch(message);
  });
});

describe("what a template is", () => {
  test("chosen by architecture, vocabulary and name", () => {
    const choose = (name: string | undefined, tokenizer = small, architecture = "lfm2"): string =>
      builtInTemplate({ name, tokenizer, architecture });
    expect(choose("LFM2-1.2B")).toBe("lfm2");
    expect(choose("LFM2 8B A1B", small, "lfm2moe")).toBe("lfm2");
    expect(choose("tiny-moe", small, "lfm2moe")).toBe("lfm2");
    expect(choose("LFM2.5 350M")).toBe("lfm2.5-instruct");
    expect(choose("LFM2.5-1.2B-Instruct")).toBe("lfm2.5-instruct");
    expect(choose("LFM2.5_1.2B_Thinking")).toBe("lfm2.5-thinking");
    expect(choose("LFM2.5 8B A1B", large, "lfm2moe")).toBe("lfm2.5");
    expect(choose(undefined, large, "lfm2moe")).toBe("lfm2.5");
    expect(choose(undefined)).toBe("lfm2");
  });

  test("reasoning and syntax are found by rendering", () => {
    const seen = Object.entries({ ...builtInTemplates, ...genuineTemplates() }).map(([name, template]) => {
      const { source, reasoning, toolSyntax } = chat(template);
      return [name, source, reasoning, toolSyntax].join(" ");
    });
    expect(seen.slice(0, 5)).toEqual([
      "lfm2 file false pythonic",
      "lfm2.5 file true pythonic",
      "lfm2.5-dated file true pythonic",
      "lfm2.5-instruct file false pythonic",
      "lfm2.5-thinking file true pythonic",
    ]);
    expect(chat(undefined).source).toBe("built-in");
    const thinker = createChatTemplate({ template: undefined, tokenizer: small, architecture: "lfm2", name: "LFM2.5-1.2B-Thinking" });
    expect([thinker.source, thinker.reasoning]).toEqual(["built-in", true]);
  });

  test("one that cannot be read is refused at once", () => {
    expect(() => chat("{% if %}")).toThrow(/^Cannot read the chat template: [^\n]+$/);
  });
});
