"""
Writes conversations that a template can get wrong, as Python's Jinja renders them and the tokenizer cuts them.

    python train/make_fixture.py        writes test/fixtures/embedded-prompts.json
"""

import json
from pathlib import Path

from data.example import assistant, assistant_calls, call, system, tool_result, user
from prepare import encode_text
from render import render

FILE = Path(__file__).parent.parent / "test" / "fixtures" / "embedded-prompts.json"
TOOL = {
    "type": "function",
    "function": {
        "name": "math.add",
        "description": 'It\'s "quoted" & <b>',
        "parameters": {"type": "object", "properties": {"naïve": {"type": "number"}}},
    },
}
HARD = {"text": 'it\'s "x"\n\ttab \\ back \\n', "empty": "", "call": ')], f(a="', "unicode": "Zürich 北京 🚀", "control": "\x01\x7f\u2028"}
PLAIN = {"yes": True, "no": False, "none": None, "whole": 3, "minus": -2, "half": 0.5, "big": 123456789, "small": 1e-7, "huge": 1e21}
NESTED = {"list": [1, "a", True, None, [2.5]], "map": {"k": {"deep": [False]}}, "none": [], "nothing": {}}
THOUGHT = {**assistant("Later."), "thinking": "A thought."}

CASES: dict[str, dict] = {
    "one user message": {"messages": [user("Hello!")]},
    "a system text": {"messages": [system("Be brief."), user("Hello!")]},
    "an empty system text": {"messages": [system(""), user("Hello!")]},
    "tools without a system text": {"messages": [user("2 + 2?")], "tools": [TOOL]},
    "tools behind a system text": {"messages": [system("Be brief."), user("2 + 2?")], "tools": [TOOL, TOOL]},
    "a later system text": {"messages": [user("Hi"), system("Now be brief."), user("Hello!")]},
    "text that must be escaped": {"messages": [user("Go"), assistant_calls([call("f", HARD)]), tool_result("ok")]},
    "literals": {"messages": [user("Go"), assistant_calls([call("f", PLAIN)]), tool_result("ok")]},
    "lists and mappings": {"messages": [user("Go"), assistant_calls([call("math.add", NESTED)]), tool_result("ok")]},
    "two calls, one without arguments, two results": {
        "messages": [user("Go"), assistant_calls([call("f", {}), call("items", {"items": 1})]), tool_result("[1, 2]"), tool_result("")],
    },
    "text before a call": {
        "messages": [user("Go"), {**assistant_calls([call("f", {"a": "b"})]), "content": "I look it up."}, tool_result("{}")]
    },
    "thoughts since the last user message": {
        "messages": [user("Go"), {**assistant_calls([call("f", {})]), "thinking": "I need f."}, tool_result("7"), THOUGHT],
        "add_generation_prompt": False,
    },
    "thoughts of earlier turns are dropped": {
        "messages": [user("Go"), THOUGHT, user("And?"), assistant("<think>x</think> y "), user("So?")]
    },
    "thoughts of earlier turns are kept": {"messages": [user("Go"), THOUGHT, user("And?")], "kwargs": {"preserve_thinking": True}},
    "white space and line ends": {
        "messages": [user("  a\r\n\n b\t \u00a0c \n"), assistant(" d \n"), user("1234567 3.14 don't DON'T x_y-z")]
    },
    "many scripts": {"messages": [user("مرحبا, 你好, こんにちは, 안녕하세요, ¿Qué tal?, Straße 𝔘𝔫𝔦 é")]},
}


def main() -> None:
    cases = []
    for name, case in CASES.items():
        kwargs = {"add_generation_prompt": case.get("add_generation_prompt", True), **case.get("kwargs", {})}
        text = render(case["messages"], case.get("tools"), **kwargs)
        cases.append({"name": name, **case, "text": text, "ids": encode_text(text)})
    FILE.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n", encoding="utf-8")
    print(f"{FILE.name}: {len(cases)} conversations")


if __name__ == "__main__":
    main()
