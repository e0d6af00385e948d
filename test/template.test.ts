import { describe, expect, test } from "vitest";
import { builtInTemplates } from "../src/chat/built-in-templates.ts";
import { MAX_LIST_LENGTH, MAX_TEXT_LENGTH } from "../src/chat/jinja/budget.ts";
import { freeCharacters, Marks } from "../src/chat/jinja/marks.ts";
import { MAX_TEMPLATE_LENGTH, MAX_TEMPLATE_SPACE } from "../src/chat/jinja/parse.ts";
import { strftime } from "../src/chat/jinja/strftime.ts";
import { compileTemplate, MAX_JSON_DEPTH } from "../src/chat/jinja/template.ts";
import { builtInOf, genuineTemplates, promptCases, renderCase } from "./chat-fixtures.ts";

const specialTexts = ["<|startoftext|>", "<|im_start|>", "<|im_end|>", "<|tool_call_start|>", "<think>", "</think>"];
const now = new Date("2026-01-02T00:00:00Z");
const render = (source: string, variables: Record<string, unknown> = {}): string => compileTemplate(source).render(variables, { now });

/** Every case of a group, with client text unmarked and marked: the marks must not show. */
function judge(group: string, source: string): void {
  const cases = promptCases.filter((one) => one.template === group);
  expect(cases).toHaveLength(38);
  for (const one of cases) {
    const [mark] = freeCharacters([JSON.stringify(one), source], 1) ?? [];
    const marks = new Marks(mark, specialTexts);
    for (const rendered of [renderCase(source, one, Marks.none), renderCase(source, one, marks)]) {
      if (typeof one.expect === "string") expect(rendered, one.name).toBe(one.expect);
      else expect(rendered, one.name).toEqual({ error: expect.stringMatching(/^TemplateError: [^\n]+$/) });
    }
  }
}

describe("rendered prompts, with the built-in templates", () => {
  for (const [group, name] of Object.entries(builtInOf)) test(group, () => judge(group, builtInTemplates[name]));
});

const genuine = genuineTemplates();
describe.skipIf(genuine === undefined)(
  "rendered prompts, with the models' own templates (needs npm ci in bench/, or LFM_TEMPLATES)",
  () => {
    for (const group of ["lfm2-8b-a1b", "lfm2.5-8b-a1b", "lfm2.5-instruct"]) test(group, () => judge(group, genuine?.[group] ?? ""));
  },
);

describe("as Python's Jinja", () => {
  const value = { t: true, n: null, i: -3, f: 0.5, s: "it's", q: "a\"'b", l: [1, [2.5, "x"], { k: "" }], u: "é\u0000\n" };
  test.each([
    ["{{ v.t }} {{ v.n }} {{ v.i }} {{ v.f }} {{ v.missing }}|", "True None -3 0.5 |"],
    ["{{ v.l }}", "[1, [2.5, 'x'], {'k': ''}]"],
    ["{{ v.l | string }}", "[1, [2.5, 'x'], {'k': ''}]"],
    ["{{ [v.s, v.q, v.u] }}", `["it's", 'a"\\'b', 'é\\x00\\n']`],
    ["{{ v.l | tojson }}", '[1, [2.5, "x"], {"k": ""}]'],
    ["{{ v.u | tojson }}", '"é\\u0000\\n"'],
    ["{{ v.u | tojson(ensure_ascii=true) }}", '"\\u00e9\\u0000\\n"'],
    ["{{ v.l[2] | tojson(indent=2) }}", '{\n  "k": ""\n}'],
    ["{{ {'b': 1, 'a': 2} | tojson(sort_keys=true, separators=(',', ':')) }}", '{"a":2,"b":1}'],
    ["{{ x }}", "[1e-07, 1.5e+300, 1e+22, 0.0001, 123456.789]", [1e-7, 1.5e300, 1e22, 0.0001, 123456.789]],
    ["{{ 'a' ~ 1 ~ none ~ true }}", "a1NoneTrue"],
    ["{{ '1' == 1 }} {{ 1 == true }} {{ [1, [2]] == [1, [2]] }} {{ none == false }}", "False True True False"],
    ["{% for k, w in x.items() %}{{ k }}={{ w }};{% endfor %}", "items=1;get=2;", { items: 1, get: 2 }],
    ["{{ x['items'] }}", "1", { items: 1 }],
    ["{% for c in 'añ🙂' %}{{ c }}.{% endfor %}{% for c in missing %}x{% endfor %}", "a.ñ.🙂."],
    ["{{ '🙂🙂' | length }} {{ '🙂ab'[1:] }} {{ 'abc'[::-1] }} {{ 'abc'[-1] }}", "2 ab cba c"],
    ["{{ '\\u0085 a \\ufeff' | trim | length }} {{ '-a-'.strip('-') }} {{ 'xxa'.lstrip('x') }}", "3 a a"],
    ["{{ 'a b  c'.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'aXbX'.replace('X', '') }}", "['a', 'b', 'c'] ['a', 'b,c'] ab"],
    ["{{ x is iterable }} {{ x is mapping }} {{ x is sequence }}", "True True True", {}],
    ["{{ missing | default('d') }} {{ '' | default('d', true) }} {{ 0 | default('d') }}", "d d 0"],
    ["{% generation %}a{% endgeneration %}{{ strftime_now('%d %B %Y, %A') }}", "a02 January 2026, Friday"],
  ])("%s", (source, expected, x?: unknown) => {
    expect(render(source, { v: value, x })).toBe(expected);
  });

  test.each([
    "{{ missing.name }}",
    "{{ 'a' + [1] }}",
    "{{ 'a' + 1 }}",
    "{{ none + 'a' }}",
    "{{ missing | tojson }}",
    "{{ raise_exception('a\nb') }}",
  ])("%s raises, in one line", (source) => {
    expect(() => render(source)).toThrow(/^Cannot render the conversation with the chat template: [^\n]+$/);
  });

  test("strftime", () => {
    const date = new Date("2026-03-09T15:04:05Z");
    expect(strftime(date, "%Y-%m-%d %y %e %b %a %H:%M:%S %I %p %j %% %Q")).toBe("2026-03-09 26  9 Mar Mon 15:04:05 03 PM 068 % %Q");
  });
});

describe("hostile templates end soon, in one line", () => {
  const grow = "{% set n = namespace(s='aaaa bbb', l=[1]) %}{% for i in range(19) %}{% set n.s = n.s + n.s %}{% endfor %}";
  const nest = "{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}";
  const hostile: Record<string, string> = {
    "a huge range": "{% for i in range(1000000000) %}x{% endfor %}",
    "nested loops": "{% for i in range(9999) %}{% for j in range(9999) %}{{ j }}{% endfor %}{% endfor %}",
    "empty nested loops": "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "doubling text": `${grow}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}`,
    "doubling lists": "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
    "replace by itself": `${grow}{{ n.s.replace('a', n.s) }}`,
    "join by itself": `${grow}{{ range(1000) | join(n.s) }}`,
    "a list of itself, printed": `${nest}{{ n.l }}`,
    "a list of itself, as JSON": `${nest}{{ n.l | tojson }}`,
    "endless slices": `${grow}{% for i in range(99999) %}{% set x = n.s[1:] %}{% endfor %}`,
    "endless titles": `${grow}{% for i in range(99999) %}{% set x = n.s.title() %}{% endfor %}`,
    "a wide indent": "{{ 'a\\nb' | indent(1000000000) }}",
    "a wide JSON": "{{ [1] | tojson(indent=1000000000) }}",
    "endless recursion": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "doubling recursion": "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "deep brackets": `{{ ${"[".repeat(100_000)}1${"]".repeat(100_000)} }}`,
    "deep blocks": "{% if true %}".repeat(10_000) + "{% endif %}".repeat(10_000),
    "a long sum": `{{ 1${"+1".repeat(100_000)} }}`,
    "much white space": `${" ".repeat(MAX_TEMPLATE_SPACE + 1)}{{ 1 }}`,
    "much text": "x".repeat(MAX_TEMPLATE_LENGTH + 1),
    "an unclosed block": "{% if x %}",
    "an unknown statement": "{% import os %}",
    "a break outside of a loop": "{% break %}",
    "the engine's own objects": "{{ ''.constructor.constructor('return 1')() }}",
  };
  test.each(Object.entries(hostile))("%s", (_, source) => {
    const start = performance.now();
    expect(() => render(source)).toThrow(/^Cannot (read the chat template|render the conversation with the chat template): [^\n]{1,300}$/);
    expect(performance.now() - start).toBeLessThan(10_000); // the slowest takes two seconds on an idle core
  });

  test("limits are not reached by ordinary use", () => {
    expect(render(`{{ range(${MAX_LIST_LENGTH}) | length }}`)).toBe(String(MAX_LIST_LENGTH));
    expect(render("{{ x }}", { x: "y".repeat(MAX_TEXT_LENGTH) })).toHaveLength(MAX_TEXT_LENGTH);
    const messages = Array.from({ length: 2000 }, (_, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content: "text ".repeat(100) }));
    expect(render(builtInTemplates["lfm2.5"], { messages, bos_token: "" }).split("<|im_end|>")).toHaveLength(2001);
  });

  test("characters of long texts, before there is an object for each", () => {
    const x = "y".repeat(MAX_TEXT_LENGTH);
    expect(render("{{ x[1] }}{{ x[-1] }}{{ x[9] }}", { x: "é🚀cd" })).toBe("🚀d");
    for (const source of ["{{ x[0] }}".repeat(10), "{{ x | length }}".repeat(20)])
      expect(() => render(source, { x })).toThrow("it takes more than 1000000 steps");
    for (const source of ["{% for c in x %}{% endfor %}", "{% set parts = x.split('y') %}"])
      expect(() => render(source, { x })).toThrow(`it makes a list of more than ${MAX_LIST_LENGTH} items`);
  });

  test("a value nested too deep", () => {
    let deep: unknown = 1;
    for (let i = 0; i <= MAX_JSON_DEPTH; i++) deep = [deep];
    expect(() => render("{{ x }}", { x: deep })).toThrow(`it is nested more than ${MAX_JSON_DEPTH} deep`);
  });
});
