/**
 * Chat templates for files that carry none: one per generation of the family, in Jinja, so that they run like a file's own.
 * What each generation prints was learned from prompts that the models' own templates render (test/fixtures/prompts.json).
 */

export type BuiltInTemplateName = "lfm2" | "lfm2.5" | "lfm2.5-dated" | "lfm2.5-instruct" | "lfm2.5-thinking";

/** BOS; a leading system message is taken apart from the rest, because the tool list joins it. */
const OPENING = `
{{- bos_token -}}
{%- set opening = messages[0] -%}
{%- set has_system = opening["role"] == "system" -%}
{%- set turns = messages[1:] if has_system else messages -%}
`;

/** Sets `listing`: the tools as JSON, in brackets. */
const LISTING = `
{%- set entries = namespace(list=[]) -%}
{%- for tool in tools or [] -%}
  {%- set entries.list = entries.list + [tool if tool is string else tool | tojson] -%}
{%- endfor -%}
{%- set listing = "[" + (entries.list | join(", ")) + "]" -%}
`;

const SYSTEM_BLOCK = `
{%- if system -%}
  {{- "<|im_start|>system\\n" + system + "<|im_end|>\\n" -}}
{%- endif -%}
`;

const GENERATION_PROMPT = `
{%- if add_generation_prompt -%}
  {{- "<|im_start|>assistant\\n" -}}
{%- endif -%}
`;

/** Text parts joined, an image as its token, other parts as JSON. */
const FLATTEN = `
{%- macro flatten(content) -%}
  {%- if content is string -%}
    {{- content -}}
  {%- else -%}
    {%- for part in content -%}
      {%- if part["type"] == "text" -%}
        {{- part["text"] + "" -}}
      {%- else -%}
        {{- "<image>" if part["type"] == "image" else part | tojson -}}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
`;

/** Calls as the models write them: text as it is, mappings as JSON, the rest as Python prints it. */
const CALLS = `
{%- macro argument(value) -%}
  {%- if value is string -%}
    {{- "'" + value + "'" -}}
  {%- else -%}
    {{- value | tojson if value is mapping else value | string -}}
  {%- endif -%}
{%- endmacro -%}
{%- macro calls(list) -%}
  {%- set written = namespace(calls=[]) -%}
  {%- for call in list -%}
    {%- set function = call["function"] -%}
    {%- set written.arguments = [] -%}
    {%- for name, value in function["arguments"].items() -%}
      {%- set written.arguments = written.arguments + [name + "=" + argument(value)] -%}
    {%- endfor -%}
    {%- set written.calls = written.calls + [function["name"] + "(" + (written.arguments | join(", ")) + ")"] -%}
  {%- endfor -%}
  {{- "<|tool_call_start|>[" + (written.calls | join(", ")) + "]<|tool_call_end|>" -}}
{%- endmacro -%}
`;

/** The later form: quotes and line ends in text escaped, lists as JSON too, absent arguments allowed. */
const ESCAPED_CALLS = `
{%- macro argument(value) -%}
  {%- if value is string -%}
    {{- "'" + value.replace("\\\\", "\\\\\\\\").replace("'", "\\\\'").replace("\\n", "\\\\n").replace("\\r", "\\\\r") + "'" -}}
  {%- elif value is mapping or value is iterable -%}
    {{- value | tojson -}}
  {%- else -%}
    {{- value | string -}}
  {%- endif -%}
{%- endmacro -%}
{%- macro calls(list) -%}
  {%- set written = namespace(calls=[]) -%}
  {%- for call in list -%}
    {%- set function = call["function"] if call["function"] is defined else call -%}
    {%- set given = function["arguments"] -%}
    {%- if given is string and given not in ["", "{}", "null"] -%}
      {{- raise_exception("tool call arguments must be a mapping, not a string") -}}
    {%- endif -%}
    {%- set written.arguments = [] -%}
    {%- for name, value in (given.items() if given is mapping else []) -%}
      {%- set written.arguments = written.arguments + [name + "=" + argument(value)] -%}
    {%- endfor -%}
    {%- set written.calls = written.calls + [function["name"] + "(" + (written.arguments | join(", ")) + ")"] -%}
  {%- endfor -%}
  {{- "<|tool_call_start|>[" + (written.calls | join(", ")) + "]<|tool_call_end|>" -}}
{%- endmacro -%}
`;

/** Sets `found.user`: where the last user message is. Later assistant messages belong to the turn in progress. */
const LAST_USER = `
{%- set found = namespace(user=-1) -%}
{%- for turn in turns -%}
  {%- if turn["role"] == "user" -%}
    {%- set found.user = loop.index0 -%}
  {%- endif -%}
{%- endfor -%}
`;

/** LFM2: tools between tool-list tokens, results between tool-response tokens, no code for past calls. */
const LFM2 = `${OPENING}${LISTING}
{%- set system = opening["content"] if has_system else "" -%}
{%- if tools -%}
  {%- set system = system + ("\\n" if system else "") + "List of tools: <|tool_list_start|>" + listing + "<|tool_list_end|>" -%}
{%- endif -%}
${SYSTEM_BLOCK}
{%- for turn in turns -%}
  {%- set content = turn["content"] if turn["content"] is string else turn["content"] | tojson -%}
  {%- if turn["role"] == "tool" -%}
    {%- set content = "<|tool_response_start|>" + content + "<|tool_response_end|>" -%}
  {%- endif -%}
  {{- "<|im_start|>" + turn["role"] + "\\n" + content + "<|im_end|>\\n" -}}
{%- endfor -%}
${GENERATION_PROMPT}`;

/** LFM2.5 mixtures of experts: reasoning, text, call; the reasoning of past turns is left out. */
const reasoningTemplate = (toolList: string): string => `${OPENING}${LISTING}${FLATTEN}${CALLS}${LAST_USER}
{%- set system = flatten(opening["content"]) if has_system and opening.get("content") else "" -%}
${toolList}
${SYSTEM_BLOCK}
{%- for turn in turns -%}
  {{- "<|im_start|>" + turn["role"] + "\\n" -}}
  {%- if turn["role"] == "assistant" -%}
    {%- set current = preserve_thinking or loop.index0 > found.user -%}
    {%- if turn["thinking"] is defined and current -%}
      {{- "<think>" + turn["thinking"] + "</think>" -}}
    {%- endif -%}
    {%- if turn["content"] is defined -%}
      {%- set content = flatten(turn["content"]) -%}
      {{- content if current or "</think>" not in content else content.split("</think>")[-1] | trim -}}
    {%- endif -%}
    {%- if turn["tool_calls"] is defined -%}
      {{- calls(turn["tool_calls"]) -}}
    {%- endif -%}
  {%- elif turn.get("content") -%}
    {{- flatten(turn["content"]) -}}
  {%- endif -%}
  {{- "<|im_end|>\\n" -}}
{%- endfor -%}
${GENERATION_PROMPT}`;

const LFM2_5 = reasoningTemplate(`
{%- if tools -%}
  {%- set system = system + ("\\n" if system else "") + "List of tools: " + listing -%}
{%- endif -%}
`);

/** With the date in front of the tool list: it makes the prompt change at midnight. */
const LFM2_5_DATED = reasoningTemplate(`
{%- if tools -%}
  {%- set date = "Today's date: " + strftime_now("%Y-%m-%d") -%}
  {%- set system = system + ("\\n\\n" if system else "") + date + "\\n\\nList of tools: " + listing -%}
{%- endif -%}
`);

/** LFM2.5 Instruct: no code for past calls, no reasoning; what looks like reasoning in past replies is cut off. */
const LFM2_5_INSTRUCT = `${OPENING}${LISTING}
{%- set system = opening["content"] if has_system else "" -%}
{%- if tools -%}
  {%- set system = system + ("\\n" if system else "") + "List of tools: " + listing -%}
{%- endif -%}
${SYSTEM_BLOCK}
{%- set found = namespace(assistant=-1) -%}
{%- for turn in turns -%}
  {%- if turn["role"] == "assistant" -%}
    {%- set found.assistant = loop.index0 -%}
  {%- endif -%}
{%- endfor -%}
{%- for turn in turns -%}
  {%- set content = turn["content"] if turn["content"] is string else turn["content"] | tojson -%}
  {%- set past = turn["role"] == "assistant" and loop.index0 != found.assistant and not keep_past_thinking -%}
  {%- if past and "</think>" in content -%}
    {%- set content = content.split("</think>")[-1] | trim -%}
  {%- endif -%}
  {{- "<|im_start|>" + turn["role"] + "\\n" + content + "<|im_end|>\\n" -}}
{%- endfor -%}
${GENERATION_PROMPT}`;

/** LFM2.5 Thinking: the prompt itself opens <think>. Lenient: no messages, null content and flat calls are all right. */
const LFM2_5_THINKING = `
{{- bos_token -}}
{%- set has_system = messages and messages[0]["role"] == "system" -%}
{%- set turns = messages[1:] if has_system else messages -%}
${LISTING}${FLATTEN}${ESCAPED_CALLS}${LAST_USER}
{%- set system = flatten(messages[0]["content"] or "") if has_system else "" -%}
{%- if tools -%}
  {%- set system = system + ("\\n" if system else "") + "List of tools: " + listing -%}
{%- endif -%}
${SYSTEM_BLOCK}
{%- for turn in turns -%}
  {{- "<|im_start|>" + turn["role"] + "\\n" -}}
  {%- set content = flatten(turn["content"] or "") -%}
  {%- if turn["role"] == "assistant" -%}
    {%- set current = preserve_thinking or loop.index0 > found.user -%}
    {%- set thinking = turn["thinking"] or turn["reasoning"] or turn["reasoning_content"] -%}
    {%- if thinking and current -%}
      {{- "<think>" + thinking + "</think>" -}}
    {%- endif -%}
    {{- content if current or "</think>" not in content else content.split("</think>")[-1] | trim -}}
    {%- if turn["tool_calls"] -%}
      {{- calls(turn["tool_calls"]) -}}
    {%- endif -%}
  {%- else -%}
    {{- content -}}
  {%- endif -%}
  {{- "<|im_end|>\\n" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- "<|im_start|>assistant\\n<think>" -}}
{%- endif -%}
`;

export const builtInTemplates: Readonly<Record<BuiltInTemplateName, string>> = {
  lfm2: LFM2,
  "lfm2.5": LFM2_5,
  "lfm2.5-dated": LFM2_5_DATED,
  "lfm2.5-instruct": LFM2_5_INSTRUCT,
  "lfm2.5-thinking": LFM2_5_THINKING,
};

/** Prints `tool_calls` alone, for templates that drop them from past messages. */
export const callTextTemplates: Readonly<Record<"pythonic" | "json", string>> = {
  pythonic: `${ESCAPED_CALLS}{{- calls(tool_calls) -}}`,
  json: `
{%- set written = namespace(calls=[]) -%}
{%- for call in tool_calls -%}
  {%- set written.calls = written.calls + [{"name": call["function"]["name"], "arguments": call["function"]["arguments"]} | tojson] -%}
{%- endfor -%}
{{- "<|tool_call_start|>[" + (written.calls | join(", ")) + "]<|tool_call_end|>" -}}`,
};
