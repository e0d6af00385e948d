"""
Checks that training and evaluation have nothing in common that was to be kept apart.

    python train/check_pools.py [CONVERSATIONS]      5,000 of each side by default; exit code 1 if something is shared

Looked at: the written-down pools, the tools, the prompts written by hand beside the forms that requests have, and what conversations really
contain: what users say, and the values of calls and JSON objects. Not divided are numbers below 100, true and false, and the choices of
tools' arguments ("small", "red"), which stand in the tool's definition: evaluation's "seen tools" have training's, and others' are words too.
"""

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from data import Example, generate
from data.common_tools import SLOT, common_tools, concepts
from data.split import POOLS, SPLITS
from data.tools import composed_tools
from data.values import SMALL

HANDWRITTEN = Path(__file__).with_name("handwritten.json")


def shared_in_pools() -> Iterator[str]:
    for name, pool in POOLS.items():
        both = set(map(str.casefold, pool["train"])) & set(map(str.casefold, pool["eval"]))
        yield from (f"pool {name}: {text!r}" for text in both)


def shared_tools() -> Iterator[str]:
    names = [{tool.name for tool in (*composed_tools(side), *common_tools(side))} for side in SPLITS]
    yield from (f"tool: {name}" for name in names[0] & names[1])


def handwritten_in_forms() -> Iterator[str]:
    """Prompts written by hand that a request of common_tools.txt would make, given the right values. A form of two words fits too much."""
    prompts = json.loads(HANDWRITTEN.read_text(encoding="utf-8"))["prompts"]
    for concept in concepts():
        for form in (form for side in SPLITS for form in concept.requests[side]):
            literal = SLOT.split(form)[::2]
            if len(re.findall(r"\w+", " ".join(literal))) > 2:
                pattern = re.compile(".+".join(map(re.escape, literal)) + "[.?!]*", re.IGNORECASE)
                said = (prompt["messages"][-1]["content"] for prompt in prompts)
                yield from (f"written by hand: {text!r} is {form!r}" for text in said if pattern.fullmatch(text))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str) or (isinstance(value, int | float) and value >= SMALL):
        yield str(value)


def user_messages(one: Example) -> Iterator[str]:
    yield from (message["content"] for message in one.messages if message["role"] == "user")


def values(one: Example) -> Iterator[str]:
    """Texts that were copied out of the prompt: arguments and JSON values."""
    for message in one.messages:
        for call in message.get("tool_calls", []):
            yield from strings(call["function"]["arguments"])
        if message["role"] == "assistant" and message["content"].startswith("{"):
            yield from strings(json.loads(message["content"]))


def main(count: int) -> int:
    found = [*shared_in_pools(), *shared_tools(), *handwritten_in_forms()]
    sides = {}
    for side in SPLITS:
        examples = list(islice(generate(side, 1), count))
        sides[side] = (
            {text.casefold() for one in examples for text in user_messages(one)},
            {text.casefold() for one in examples for text in values(one)},
        )
    fields = [field for side in SPLITS for tool in common_tools(side) for field in tool.fields.values()] + [
        field for side in SPLITS for tool in composed_tools(side) for field in tool.fields
    ]
    given = {choice.casefold() for field in fields for choice in field.choices}
    for kind, train, evaluation in zip(("message", "value"), sides["train"], sides["eval"], strict=True):
        found += [f"{kind}: {text!r}" for text in sorted(train & evaluation - given)]
    for line in found:
        print(line)
    texts = sum(len(pool["train"]) + len(pool["eval"]) for pool in POOLS.values())
    print(f"{len(POOLS)} pools with {texts} texts, {count} conversations of each side: {len(found)} shared")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
