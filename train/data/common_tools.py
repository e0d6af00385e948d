"""The tools of common_tools.txt, under several names each, with the words that people use for them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from .fields import Field, Value, make_fields, make_value
from .split import Pool, Split, without_comments
from .tools import definition, describe_fields

FILE = Path(__file__).with_name("common_tools.txt")
SLOT = re.compile(r"\{(\w+)\}")
VARIANTS = 10  # of each tool: other names, descriptions and keys


@dataclass(frozen=True)
class Concept:
    """A tool as the file describes it."""

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    fields: dict[str, tuple[tuple[str, ...], Field, bool]]  # by the slot in requests: keys, what it is, whether it is required
    requests: Pool


@dataclass(frozen=True)
class CommonTool:
    """One client's version of it."""

    name: str
    concept: Concept
    fields: dict[str, Field]  # by the slot in requests, in the order of the definition
    definition: dict


def _fields(text: str) -> dict[str, tuple[tuple[str, ...], Field, bool]]:
    fields = {}
    for part in text.split():
        keys, kind = part.rstrip("!").split(":", 1)
        choices = re.fullmatch(r"enum\((.+)\)", kind)
        slot, *_ = names = tuple(keys.split("/"))
        field = Field(slot, "enum", slot, tuple(choices[1].split(","))) if choices else Field(slot, kind, slot)
        fields[slot] = (names, field, part.endswith("!"))
    return fields


@cache
def concepts() -> tuple[Concept, ...]:
    found = []
    for block in re.split(r"\n\n+", without_comments(FILE).strip()):
        head, *requests = block.splitlines()
        names, descriptions, fields = (part.strip() for part in head.split("|"))
        pool = Pool(f"requests: {names.split('/')[0]}", requests, wear="change")
        found.append(Concept(tuple(names.split("/")), tuple(descriptions.split(" / ")), _fields(fields), pool))
    return tuple(found)


NAMES = Pool("common tools", [concept.names[0] for concept in concepts()])


def _variant(concept: Concept, rng: Random, split: Split) -> CommonTool:
    name = rng.choice(concept.names)
    if rng.random() < 0.2:
        head, *tail = name.split("_")
        name = head + "".join(part.capitalize() for part in tail)
    fields: dict[str, Field] = {}
    for slot, (keys, field, _) in concept.fields.items():
        free = [key for key in keys if key not in {other.key for other in fields.values()}]
        fields[slot] = Field(field.name, field.kind, rng.choice(free), field.choices)
    required = [fields[slot].key for slot, (_, _, needed) in concept.fields.items() if needed]
    listed = list(fields.values())
    if rng.random() < 0.2:  # one that no request mentions
        (extra,) = make_fields(rng, split, 1)
        if extra.key not in {field.key for field in listed}:
            listed.append(extra)
    descriptions = describe_fields(listed, name.replace("_", " "), rng, split) if rng.random() < 0.35 else {}
    return CommonTool(name, concept, fields, definition(name, rng.choice(concept.descriptions), listed, required, descriptions))


@cache
def _concepts_of(split: Split) -> tuple[Concept, ...]:
    return tuple(concept for concept in concepts() if concept.names[0] in NAMES[split])


def new_common_tool(rng: Random, split: Split) -> CommonTool:
    return _variant(rng.choice(_concepts_of(split)), rng, split)


@cache
def common_tools(split: Split) -> tuple[CommonTool, ...]:
    rng = Random(f"common-tools-{split}")
    return tuple(_variant(concept, rng, split) for concept in _concepts_of(split) for _ in range(VARIANTS))


def common_request(tool: CommonTool, rng: Random, split: Split) -> tuple[str, dict[str, Value]]:
    """A user's words, and the arguments that they ask for, in the order of the definition."""
    form = rng.choice(tool.concept.requests[split])
    slots = set(SLOT.findall(form))
    made = {slot: make_value(field, rng, split) for slot, field in tool.fields.items() if slot in slots}
    text = SLOT.sub(lambda slot: made[slot[1]][1], form)
    draw = rng.random()
    if draw < 0.15 and not form.startswith("{"):
        text = text[0].lower() + text[1:]
    elif draw < 0.25:
        text = rng.choice(["Hi! ", "Hello, ", "Hey, ", "OK. ", "Please: "]) + text
    elif draw < 0.33:
        text = f"{text} Thanks!" if text[-1] in ".?!" else text + (", thanks" if not form.endswith("}") else "")
    return text, {tool.fields[slot].key: value for slot, (value, _) in made.items()}
