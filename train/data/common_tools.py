"""The tools of common_tools.txt, with the words that people use for them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from .fields import Field, Value, make_value
from .split import Pool, Split
from .tools import definition

FILE = Path(__file__).with_name("common_tools.txt")
SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class CommonTool:
    name: str
    fields: dict[str, Field]
    requests: Pool
    definition: dict


def _field(text: str) -> Field:
    key, kind = text.split(":", 1)
    choices = re.fullmatch(r"enum\((.+)\)", kind)
    if choices:
        return Field(key, "enum", key, tuple(choices[1].split(",")))
    return Field(key, kind, key)


def _parse(block: str) -> CommonTool:
    head, *requests = block.splitlines()
    name, description, field_list = (part.strip() for part in head.split("|"))
    fields = {text.split(":")[0]: _field(text.replace("!", "")) for text in field_list.split()}
    required = [text.split(":")[0] for text in field_list.split() if text.endswith("!")]
    pool = Pool(f"requests: {name}", requests)
    return CommonTool(name, fields, pool, definition(name, description, list(fields.values()), required, {}))


@cache
def _all_tools() -> tuple[CommonTool, ...]:
    text = FILE.read_text(encoding="utf-8")
    blocks = re.split(r"\n\n+", "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip())
    return tuple(_parse(block) for block in blocks)


NAMES = Pool("common tools", [tool.name for tool in _all_tools()])


@cache
def common_tools(split: Split) -> tuple[CommonTool, ...]:
    return tuple(tool for tool in _all_tools() if tool.name in NAMES[split])


def common_request(tool: CommonTool, rng: Random, split: Split) -> tuple[str, dict[str, Value]]:
    """A user's words, and the arguments that they ask for, in the order of the definition."""
    form = rng.choice(tool.requests[split])
    slots = set(SLOT.findall(form))
    made = {key: make_value(field, rng, split) for key, field in tool.fields.items() if key in slots}
    text = SLOT.sub(lambda slot: made[slot[1]][1], form)
    draw = rng.random()
    if draw < 0.15:
        text = text[0].lower() + text[1:]
    elif draw < 0.25:
        text = rng.choice(["Hi! ", "Hello, ", "Hey, ", "OK. ", "Please: "]) + text
    elif draw < 0.33:
        text = f"{text} Thanks!" if text[-1] in ".?!" else f"{text}, thanks"
    return text, {key: value for key, (value, _) in made.items()}
