"""A conversation as the text that the model sees, by template.jinja, as transformers binds it and as the engine runs it."""

import json
from functools import cache
from pathlib import Path

import jinja2

TEMPLATE = Path(__file__).with_name("template.jinja")
BOS = "<|startoftext|>"


def to_json(value: object) -> str:
    """transformers' tojson: text as it is, ", " and ": " between, keys in their order."""
    return json.dumps(value, ensure_ascii=False)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = to_json
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def render(messages: list[dict], tools: list[dict] | None = None, add_generation_prompt: bool = True, **kwargs: object) -> str:
    """The prompt's text. `arguments` of calls are mappings; `kwargs` are the template's own switches."""
    return _template().render(messages=messages, tools=tools or None, add_generation_prompt=add_generation_prompt, bos_token=BOS, **kwargs)
