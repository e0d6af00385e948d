/** A conversation to the prompt's token ids, through the file's own chat template or one of ours. */
import type { Message, TemplateOptions } from "../types.ts";
import { type BuiltInTemplateName, builtInTemplates, callTextTemplates } from "./built-in-templates.ts";
import { freeCharacters, Marks } from "./jinja/marks.ts";
import { compileTemplate, type Template, TrustedText } from "./jinja/template.ts";
import { type ModelIdentity, modelFamily } from "./model-family.ts";
import { normalizeMessages, type TemplateCall, type TemplateMessage } from "./normalize-messages.ts";
import { TemplateError } from "./template-error.ts";

/** What a template needs of a tokenizer. */
export interface PromptTokenizer {
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  readonly addBos: boolean;
  readonly specialTexts: readonly string[];
  id(text: string): number | undefined;
  text(id: number): string;
  splitSpecial(text: string): (number | string)[];
  encode(text: string): number[];
}

export interface ChatTemplateOptions extends ModelIdentity {
  /** tokenizer.chat_template; undefined: a built-in template is chosen. */
  readonly template: string | undefined;
  readonly tokenizer: PromptTokenizer;
}

export interface RenderOptions extends TemplateOptions {
  /** False: the messages go to the template as they are, as transformers would hand them over. Default true. */
  normalize?: boolean;
}

export interface RenderedPrompt {
  /** What a person sees. Text that a client wrote may look like a control token here; in `ids` it is not one. */
  readonly text: string;
  readonly ids: number[];
  /** The prompt already ends in <think>: the reply starts inside its reasoning. */
  readonly thinkOpened: boolean;
}

export interface ChatTemplate {
  readonly source: "file" | "built-in";
  /** The model opens with <think>. */
  readonly reasoning: boolean;
  /** How the model writes a call. */
  readonly toolSyntax: "pythonic" | "json";
  /**
   * Renders a conversation.
   *
   * @throws {TemplateError} The conversation is malformed, or the template refuses it or takes more than it may.
   * @throws {UnsupportedError} A part of a message is no text.
   */
  render(messages: readonly Message[], options?: RenderOptions): RenderedPrompt;
}

/** Which of our templates fits a file that has none. */
export function builtInTemplate(model: ModelIdentity): BuiltInTemplateName {
  const { generation, mixture, largeVocabulary, name } = modelFamily(model);
  if (generation === "lfm2") return "lfm2";
  if (name.includes("thinking")) return "lfm2.5-thinking";
  return mixture || largeVocabulary ? "lfm2.5" : "lfm2.5-instruct";
}

/** @throws {TemplateError} The file's template cannot be read. */
export function createChatTemplate(options: ChatTemplateOptions): ChatTemplate {
  return new FamilyTemplate(options);
}

/** Variables that are ours to set. */
const RESERVED = new Set(["messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "pad_token"]);
/** Two names for the same switch, in different templates. */
const KEEP_THINKING = ["preserve_thinking", "keep_past_thinking"];

class FamilyTemplate implements ChatTemplate {
  readonly source: "file" | "built-in";
  readonly reasoning: boolean;
  readonly toolSyntax: "pythonic" | "json";

  readonly #text: string;
  readonly #template: Template;
  readonly #tokenizer: PromptTokenizer;
  readonly #dropsCalls: boolean;
  readonly #callFirst: boolean;
  readonly #callText: Template;

  constructor(options: ChatTemplateOptions) {
    this.source = options.template === undefined ? "built-in" : "file";
    this.#text = options.template ?? builtInTemplates[builtInTemplate(options)];
    this.#template = compileTemplate(this.#text);
    this.#tokenizer = options.tokenizer;

    const probes = this.#probe();
    this.#dropsCalls = probes.dropsCalls;
    this.#callFirst = this.#text.includes("<|tool_list_start|>"); // LFM2 writes the call before the text, LFM2.5 behind it
    this.toolSyntax = probes.asksForJson ? "json" : "pythonic";
    this.#callText = compileTemplate(callTextTemplates[this.toolSyntax]);
    this.reasoning = probes.thinks || modelFamily(options).name.includes("thinking");
  }

  render(messages: readonly Message[], options: RenderOptions = {}): RenderedPrompt {
    const { tools, addGenerationPrompt = true, templateArguments = {}, normalize = true } = options;
    for (const name of Object.keys(templateArguments)) {
      if (RESERVED.has(name)) throw new TemplateError(`Cannot pass "${name}" to the chat template: it is set from the conversation`);
    }
    const conversation = normalize ? normalizeMessages(messages) : messages;
    const [mark, placeholder] = this.#freeCharacters([conversation, tools, templateArguments]);
    const marks = new Marks(mark, this.#tokenizer.specialTexts);
    const now = toDate(options.date);
    const calls: (readonly TemplateCall[])[] = [];
    const fold = normalize && this.#dropsCalls;
    const text = this.#template.render(
      {
        ...(normalize ? aliased(templateArguments) : templateArguments),
        ...this.#specialTokens(),
        messages: fold ? (conversation as TemplateMessage[]).map((message) => this.#foldCalls(message, placeholder, calls)) : conversation,
        tools: tools === undefined || tools.length === 0 ? null : tools,
        add_generation_prompt: addGenerationPrompt,
      },
      { now, marks },
    );
    const written = calls.map((tool_calls) => this.#callText.render({ tool_calls }, { now, marks }));
    const rendered = text.replace(
      new RegExp(`${placeholder}(\\d+)${placeholder}`, "g"),
      (_, index: string) => written[Number(index)] ?? "",
    );
    return {
      text: marks.strip(rendered),
      ids: this.#encode(rendered, marks),
      thinkOpened: addGenerationPrompt && rendered.trimEnd().endsWith("<think>"), // a client's has marks
    };
  }

  #specialTokens(): Record<string, TrustedText> {
    const { bos, eos, pad } = this.#tokenizer;
    const text = (id: number | undefined): TrustedText => new TrustedText(id === undefined ? "" : this.#tokenizer.text(id));
    return { bos_token: text(bos), eos_token: text(eos), pad_token: text(pad) };
  }

  /** Two characters that occur in nothing that is rendered. */
  #freeCharacters(inputs: unknown[]): [string, string] {
    let json: string;
    try {
      json = JSON.stringify(inputs);
    } catch (error) {
      throw new TemplateError("Cannot use the conversation: it is no JSON", { cause: error });
    }
    const [mark, placeholder] = freeCharacters([json, this.#text], 2) ?? [];
    if (mark === undefined || placeholder === undefined) {
      throw new TemplateError("Cannot use the conversation: it uses all of Unicode's private-use characters, two must be free");
    }
    return [mark, placeholder];
  }

  /** Exactly one BOS, and no special token but the template's. */
  #encode(rendered: string, marks: Marks): number[] {
    const { bos, addBos } = this.#tokenizer;
    const ids: number[] = [];
    for (const piece of this.#tokenizer.splitSpecial(rendered)) {
      if (typeof piece === "string") for (const id of this.#tokenizer.encode(marks.strip(piece))) ids.push(id);
      else if (piece !== bos || ids.length === 0 || ids.at(-1) !== bos) ids.push(piece);
    }
    if (bos !== undefined && addBos && ids[0] !== bos) ids.unshift(bos);
    return ids;
  }

  /**
   * Past calls in the content, for a template that has no code for them. The content gets a placeholder: what the template looks for in
   * it (the end of reasoning) may occur in a call's arguments, and must not be found there.
   */
  #foldCalls({ tool_calls, ...message }: TemplateMessage, placeholder: string, calls: (readonly TemplateCall[])[]): TemplateMessage {
    if (tool_calls === undefined) return message;
    const call = placeholder + calls.length + placeholder;
    calls.push(tool_calls);
    return { ...message, content: this.#callFirst ? call + message.content : message.content + call };
  }

  /** Templates say what they do by doing it: a made-up conversation shows what becomes of calls and reasoning. */
  #probe(): { dropsCalls: boolean; asksForJson: boolean; thinks: boolean } {
    const call = { type: "function", function: { name: "probe_call", arguments: { key: "value" } } };
    const messages = [
      { role: "user", content: "question" },
      { role: "assistant", content: "answer", thinking: "probe_thought", tool_calls: [call] },
      { role: "tool", content: "result" },
    ];
    const tools = [{ type: "function", function: { name: "probe_tool" } }];
    let text: string;
    try {
      text = this.#template.render({ ...this.#specialTokens(), messages, tools, add_generation_prompt: true }, { now: new Date(0) });
    } catch {
      return { dropsCalls: false, asksForJson: false, thinks: false }; // it will raise on real conversations, and say why
    }
    const dropsCalls = !text.includes("probe_call");
    return {
      dropsCalls,
      asksForJson: dropsCalls
        ? /\bJSON\b.{0,60}\bcall|\bcalls?\b.{0,60}\bJSON\b/i.test(text)
        : /["']name["']\s*:\s*["']probe_call/.test(text),
      thinks: text.includes("probe_thought") || text.trimEnd().endsWith("<think>"),
    };
  }
}

function aliased(templateArguments: Record<string, unknown>): Record<string, unknown> {
  const given = KEEP_THINKING.find((name) => templateArguments[name] !== undefined);
  if (given === undefined) return templateArguments;
  return { ...Object.fromEntries(KEEP_THINKING.map((name) => [name, templateArguments[given]])), ...templateArguments };
}

/** A date for the template, in the UTC fields: the given day, else the machine's local time. */
function toDate(date: string | undefined): Date {
  if (date === undefined) {
    const now = new Date();
    return new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  }
  const parsed = /^\d{4}-\d{2}-\d{2}$/.test(date) ? new Date(`${date}T00:00:00Z`) : new Date(Number.NaN);
  if (Number.isNaN(parsed.getTime()) || !parsed.toISOString().startsWith(date)) {
    throw new TemplateError(`Cannot use the date ${JSON.stringify(date.slice(0, 40))}: expected one as "2026-01-31"`);
  }
  return parsed;
}
