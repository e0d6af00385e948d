"""Tools composed of verbs, nouns and fields: thousands for training, others, with other verbs, nouns and field names, for evaluation."""

from dataclasses import dataclass
from functools import cache
from random import Random

from .fields import Field, make_fields
from .split import Split, phrasings
from .values import word
from .words import NOUNS, VERB_POOL

INVENTED = 0.15  # of training's nouns and verbs, when a tool is made on the spot

DESCRIPTIONS = phrasings("tool descriptions")
FIELD_DESCRIPTIONS = phrasings("field descriptions")
NO_FIELDS = (
    "list",
    "get",
    "check",
    "start",
    "stop",
    "pause",
    "resume",
    "open",
    "close",
    "reset",
    "lock",
    "unlock",
    "count",
    "run",
    "test",
    "clean",
)


@dataclass(frozen=True)
class Tool:
    name: str
    verb: str
    noun: str  # with spaces
    fields: tuple[Field, ...]
    required: frozenset[str]  # keys
    definition: dict  # as a client sends it

    @property
    def optional(self) -> list[Field]:
        return [field for field in self.fields if field.key not in self.required]


def article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def describe_fields(fields: list[Field], noun: str, rng: Random, split: Split) -> dict[str, str]:
    """By key."""
    form = rng.choice(FIELD_DESCRIPTIONS[split])
    return {field.key: form.format(field=field.spoken, Field=field.spoken.capitalize(), noun=noun) for field in fields}


def definition(name: str, description: str, fields: list[Field], required: list[str], descriptions: dict[str, str]) -> dict:
    properties = {}
    for field in fields:
        properties[field.key] = field.schema
        if field.key in descriptions:
            properties[field.key]["description"] = descriptions[field.key]
    parameters: dict = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _name(verb: str, noun: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.75:
        return f"{verb}_{noun}"
    if draw < 0.88:
        return verb + "".join(part.capitalize() for part in noun.split("_"))
    return f"{noun}_{verb}" if draw < 0.94 else f"{noun}.{verb}"


def compose_tool(rng: Random, split: Split, invented: float = 0) -> Tool:
    verb, noun = rng.choice(VERB_POOL[split]), rng.choice(NOUNS[split])
    if rng.random() < invented:
        noun = "_".join(word(rng, split) for _ in range(rng.choice([1, 1, 2])))
    if rng.random() < invented / 2:
        verb = word(rng, split)
    least = 0 if verb in NO_FIELDS else 1
    fields = make_fields(rng, split, max(least, rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 4])))
    required = [field.key for field in fields if field.kind != "boolean" and rng.random() < 0.75] or [field.key for field in fields[:1]]
    spoken = noun.replace("_", " ")
    words = {"verb": verb, "Verb": verb.capitalize(), "noun": spoken, "a": article(spoken)}
    descriptions = describe_fields(fields, spoken, rng, split) if rng.random() < 0.25 else {}
    text = rng.choice(DESCRIPTIONS[split]).format(**words)
    name = _name(verb, noun, rng)
    return Tool(name, verb, spoken, tuple(fields), frozenset(required), definition(name, text, fields, required, descriptions))


TOOL_COUNT = {"train": 4000, "eval": 600}


@cache
def composed_tools(split: Split) -> tuple[Tool, ...]:
    """The tools of one side. A name stands for one tool."""
    rng = Random(f"tools-{split}")
    tools: dict[str, Tool] = {}
    while len(tools) < TOOL_COUNT[split]:
        tool = compose_tool(rng, split)
        tools.setdefault(tool.name, tool)
    return tuple(tools.values())
