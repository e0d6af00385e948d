/** Conversations: messages → prompt → generated text → content, reasoning and tool calls. */
import type { ChatTemplate } from "../chat/chat-template.ts";
import { createReplyParser } from "../chat/parse-reply.ts";
import type { Engine } from "../engine/types.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type {
  ChatOptions,
  Choice,
  FinishReason,
  Message,
  Reply,
  ReplyPart,
  SamplingOptions,
  TemplateOptions,
  ToolCall,
  Usage,
} from "../types.ts";
import { type Constraints, given, type Structure } from "./constraints.ts";
import { generate } from "./generate.ts";
import { refuseUnsupported, resolveGeneration } from "./options.ts";
import { ReplyConstraint } from "./reply-constraint.ts";

export interface Conversing {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly constraints: Constraints;
  readonly defaults: SamplingOptions;
  readonly closing: AbortSignal;
  readonly track?: (work: Promise<void>) => void;
}

/** The parts of a reply as they come; see Model.chatStream. */
export async function* chatStream(
  { engine, tokenizer, template, constraints, defaults, closing, track }: Conversing,
  messages: Message[],
  options: ChatOptions,
): AsyncGenerator<ReplyPart, void, void> {
  refuseUnsupported(options);
  const generation = resolveGeneration(options, defaults, tokenizer.vocabularySize, engine.maxSequences);
  const tools = options.toolChoice === "none" ? undefined : options.tools;
  const { ids: prompt, thinkOpened } = template.render(messages, { ...templateOptions(options), ...(tools && { tools }) });
  const reasoning = thinkOpened ? "open" : template.reasoning ? "auto" : "none";
  const structure = resolveStructure(constraints, options, template, reasoning, generation.maxThinkingTokens);
  const parsers = Array.from({ length: generation.n }, () => createReplyParser({ reasoning, ...(tools && { tools }) }));
  const called = new Set<number>();
  const thinking = new ThinkingTokens(tokenizer, generation.n, thinkOpened);
  const visible = new Set(["<|tool_call_start|>", "<|tool_call_end|>", "<think>", "</think>"].flatMap((text) => tokenizer.id(text) ?? []));

  for await (const part of generate({
    engine,
    tokenizer,
    prompt,
    generation,
    visible,
    constrain: structure && (() => new ReplyConstraint(constraints, structure)),
    closing,
    track,
    onToken: (index, id) => thinking.count(index, id),
  })) {
    if (part.type === "usage") {
      yield { type: "usage", usage: { ...part.usage, reasoningTokens: thinking.total } };
      continue;
    }
    const { index } = part;
    const parsed = part.type === "piece" ? parsers[index]!.push(part.text) : parsers[index]!.end();
    let logprobs = part.type === "piece" ? part.logprobs : undefined;
    for (const reply of parsed) {
      if (reply.type === "usage" || reply.type === "finish") continue; // those are said here
      if (reply.type === "tool-call") called.add(index);
      if (logprobs && (reply.type === "text" || reply.type === "reasoning")) {
        yield { ...reply, index, logprobs };
        logprobs = undefined;
      } else yield { ...reply, index };
    }
    if (logprobs) yield { type: "text", index, text: "", logprobs };
    if (part.type === "finish")
      yield { ...part, finishReason: part.finishReason === "stop" && called.has(index) ? "tool_calls" : part.finishReason };
  }
}

/** What the options hold replies to; undefined: nothing. */
function resolveStructure(
  constraints: Constraints,
  { tools = [], toolChoice = "auto", parallelToolCalls: parallel = true, responseFormat }: ChatOptions,
  { toolSyntax: syntax }: ChatTemplate,
  reasoning: Structure["reasoning"],
  maxThinkingTokens: number,
): Structure | undefined {
  if (!["auto", "none", "required"].includes(toolChoice as string) && typeof (toolChoice as { name?: unknown } | null)?.name !== "string")
    throw new RangeError('toolChoice must be "auto", "none", "required" or { name }');
  const callRequired = toolChoice !== "auto" && toolChoice !== "none";
  const format = constraints.format(responseFormat);
  const calls = constraints.calls({ tools, syntax, choice: toolChoice, parallel });
  const callBarred = toolChoice === "none";
  if (!format && !calls && !callBarred && maxThinkingTokens === Number.POSITIVE_INFINITY) return undefined;
  return { ...given("format", format), ...given("calls", calls), callRequired, callBarred, parallel, reasoning, maxThinkingTokens };
}

/** The same, waited for. */
export async function chat(conversing: Conversing, messages: Message[], options: ChatOptions): Promise<Reply> {
  const choices: ChoiceBuilder[] = []; // every one has a part, its finish
  let usage: Usage | undefined;
  for await (const part of chatStream(conversing, messages, options)) {
    if (part.type === "usage") usage = part.usage;
    else (choices[part.index] ??= new ChoiceBuilder(part.index)).add(part);
  }
  const built = choices.map((choice) => choice.build());
  return { ...built[0]!, usage: usage!, choices: built };
}

class ChoiceBuilder {
  readonly #index: number;
  #content = "";
  #reasoning: string | null = null;
  #finishReason: FinishReason = "stop";
  #stopString: string | undefined;
  readonly #calls: { id: string; name: string; json: string }[] = [];
  readonly #logprobs: NonNullable<Choice["logprobs"]> = [];

  constructor(index: number) {
    this.#index = index;
  }

  add(part: Exclude<ReplyPart, { type: "usage" }>): void {
    switch (part.type) {
      case "text":
      case "reasoning":
        if (part.type === "text") this.#content += part.text;
        else this.#reasoning = (this.#reasoning ?? "") + part.text;
        this.#logprobs.push(...(part.logprobs ?? []));
        break;
      case "tool-call":
        this.#calls[part.callIndex] = { id: part.id, name: part.name, json: "" };
        break;
      case "tool-arguments":
        this.#calls[part.callIndex]!.json += part.json;
        break;
      case "finish":
        this.#finishReason = part.finishReason;
        this.#stopString = part.stopString;
    }
  }

  build(): Choice {
    const toolCalls = this.#calls.map(
      ({ id, name, json }): ToolCall => ({ id, name, arguments: JSON.parse(json || "{}") as Record<string, unknown> }),
    );
    return {
      index: this.#index,
      content: this.#content,
      reasoning: this.#reasoning,
      toolCalls,
      finishReason: this.#finishReason,
      ...(this.#stopString !== undefined && { stopString: this.#stopString }),
      ...(this.#logprobs.length > 0 && { logprobs: this.#logprobs }),
    };
  }
}

/** Tokens between <think> and </think>, by id. */
class ThinkingTokens {
  total = 0;
  readonly #inside: boolean[];
  readonly #open: number | undefined;
  readonly #close: number | undefined;

  constructor(tokenizer: Tokenizer, n: number, opened: boolean) {
    this.#inside = Array.from({ length: n }, () => opened);
    this.#open = tokenizer.id("<think>");
    this.#close = tokenizer.id("</think>");
  }

  count(index: number, id: number): void {
    if (id === this.#open) this.#inside[index] = true;
    else if (id === this.#close) this.#inside[index] = false;
    else if (this.#inside[index]) this.total++;
  }
}

/** Only what a template takes. */
function templateOptions({ date, templateArguments }: TemplateOptions): TemplateOptions {
  return { ...(date !== undefined && { date }), ...(templateArguments && { templateArguments }) };
}
