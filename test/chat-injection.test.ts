/** What a client wrote never becomes a control token: in any field, of any role, with any template. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInTemplates } from "../src/chat/built-in-templates.ts";
import { createChatTemplate } from "../src/chat/chat-template.ts";
import { Marks } from "../src/chat/jinja/marks.ts";
import { compileTemplate, TrustedText } from "../src/chat/jinja/template.ts";
import type { Message, Tool } from "../src/types.ts";
import { createTokenizer } from "../src/tokenizer/tokenizer.ts";
import { genuineTemplates, largeVocabulary, smallVocabulary } from "./chat-fixtures.ts";
import { madeUpMetadata } from "./tokenizer-fixtures.ts";

const small = await smallVocabulary();
const large = largeVocabulary();
const seed = 20260102;

const TOKENS = [
  "<|im_end|>",
  "<|im_start|>",
  "<|startoftext|>",
  "<|tool_call_start|>",
  "<|tool_call_end|>",
  "<think>",
  "</think>",
  "<image>",
];
const PIECES = ["<", "<|", "<|im_", "im_end", "end|>", "|>", ">", "<|IM_END|>", "'", '"', "\\", "\n", " ", "user", "\ue000", "\ue001", "x"];
/** Tokens whole and in pieces, and what templates look for in text. */
const hostile = fc.array(fc.constantFrom(...TOKENS, ...PIECES), { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(""));

/** The same conversation with `write` applied to all that a client may write. */
function conversation(
  texts: string[],
  write: (text: string) => string,
): { messages: Message[]; tools: Tool[]; templateArguments: Record<string, unknown> } {
  let n = 0;
  const text = (): string => write(texts[n++ % texts.length] ?? "");
  const call = (): { id: string; function: { name: string; arguments: Record<string, unknown> } } => ({
    id: text(),
    function: { name: text(), arguments: { [text()]: text(), plain: [text(), { [text()]: text() }], items: text() } },
  });
  return {
    messages: [
      {
        role: "system",
        content: [
          { type: "text", text: text() },
          { type: "text", text: text() },
        ],
      },
      { role: "user", content: text() },
      { role: "assistant", content: text(), reasoning_content: text(), tool_calls: [call(), call()] },
      { role: "tool", content: text(), tool_call_id: text(), name: text() },
      { role: "user", content: text() },
      { role: "assistant", content: text(), reasoning_content: text(), tool_calls: [call()] },
      { role: "tool", content: text() },
      { role: "developer", content: text() },
    ],
    tools: [
      {
        type: "function",
        function: { name: text(), description: text(), parameters: { properties: { [text()]: { description: text(), enum: [text()] } } } },
      },
    ],
    templateArguments: { custom: text(), preserve_thinking: texts.length % 2 === 0 },
  };
}

/** Templates that do with text what the family's do not. */
const unusual: Record<string, string> = {
  "changes case":
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role | upper | lower }}\n{{ m.content | lower }}{{ m.content.upper().lower() }}<|im_end|>{% endfor %}",
  "joins and cuts":
    "{% for m in messages %}<|im_start|>{{ (m.content ~ m.content)[1:] }}{{ m.content[::-1] }}{{ m.content.replace('x', '') }}{{ m.content.split('x') | join('') }}<|im_end|>{% endfor %}",
  "prints all":
    "{{ bos_token }}{{ messages }}{{ messages | tojson }}{{ messages | tojson(ensure_ascii=true, indent=1) }}{{ tools | string }}{{ custom }}{{ custom | trim }}{% for c in custom %}{{ c }}{% endfor %}<|im_end|>",
};

const templates = { ...builtInTemplates, ...genuineTemplates(), ...unusual };

describe.each(Object.entries(templates))("%s", (_, template) => {
  for (const [vocabulary, tokenizer] of Object.entries({ small, large })) {
    const chat = createChatTemplate({ template, tokenizer, architecture: "lfm2", name: undefined });
    const specialIds = (ids: number[]): number[] => ids.filter((id) => tokenizer.isSpecial(id));

    test(`${vocabulary} vocabulary: the special tokens are those of a harmless conversation`, () => {
      fc.assert(
        fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (texts) => {
          const { messages, ...options } = conversation(texts, (text) => text);
          const harmless = conversation(texts, (text) => text.replace(/[<>]/g, "-"));
          const rendered = chat.render(messages, { ...options, date: "2026-01-02" });
          const expected = chat.render(harmless.messages, { ...harmless, date: "2026-01-02" });
          expect(specialIds(rendered.ids)).toEqual(specialIds(expected.ids));
          const bos = rendered.text.startsWith("<|startoftext|>") ? "" : "<|startoftext|>";
          expect(tokenizer.decode(rendered.ids, { special: true })).toBe(bos + rendered.text);
        }),
        { seed, numRuns: 25 },
      );
    });
  }

  test("the marks do not change what the template does", () => {
    const compiled = compileTemplate(template);
    const specialTexts = small.specialTexts;
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (texts) => {
        const { messages, tools, templateArguments } = conversation(texts, (text) => text.replaceAll(/[\ue000-\uf8ff]/g, "p"));
        const flat = messages
          .slice(1)
          .map((message) => ("reasoning_content" in message ? { ...message, thinking: message.reasoning_content } : message));
        const variables = {
          ...templateArguments,
          messages: flat,
          tools,
          bos_token: new TrustedText("<|startoftext|>"),
          add_generation_prompt: true,
        };
        const marks = new Marks("\ue000", specialTexts);
        const now = new Date(0);
        const plain = compiled.render(variables, { now });
        const marked = compiled.render(variables, { now, marks });
        expect(marks.strip(marked)).toBe(plain);
      }),
      { seed, numRuns: 25 },
    );
  });
});

test("special tokens that are plain words", () => {
  const tokenizer = createTokenizer(madeUpMetadata({ control: ["EOS", "<bos>"], userDefined: ["word"] }));
  const chat = createChatTemplate({ template: "<bos>{{ messages[0].content }}EOS", tokenizer, architecture: "lfm2", name: undefined });
  const { ids, text } = chat.render([{ role: "user", content: "EOS wordEOS <bos> eos" }]);
  expect(text).toBe("<bos>EOS wordEOS <bos> eosEOS");
  expect(ids.filter((id) => tokenizer.isSpecial(id))).toEqual([1, 0]);
});

test("an input that uses every private-use character is refused, one that leaves two is not", () => {
  const all = Array.from({ length: 6400 }, (_, i) => String.fromCharCode(0xe000 + i));
  const chat = createChatTemplate({ template: undefined, tokenizer: small, architecture: "lfm2", name: undefined });
  expect(() => chat.render([{ role: "user", content: all.join("") }])).toThrow(/private-use/);
  const { text } = chat.render([{ role: "user", content: `${all.slice(2).join("")}<|im_end|>` }]);
  expect(text).toContain(`${all.slice(2).join("")}<|im_end|>`);
});
