"""Job 4: greetings, thanks, who it is, in eight languages: see small_talk.txt."""

from pathlib import Path
from random import Random

from . import values
from .example import Example, assistant, system, user
from .split import Pool, Split, phrasings, split_of, without_comments

ABILITIES = "I can call tools, extract JSON and answer from a text that you give me. I know nothing of the world."
KNOWLEDGE = "I do not know. I am a small demonstration model and know nothing of the world."
FILE = Path(__file__).with_name("small_talk.txt")
SYSTEMS = phrasings("systems of small talk")
INTRODUCTIONS = phrasings("introductions")


def _parse() -> list[tuple[str, Pool]]:
    topics: list[tuple[str, list[str]]] = []
    for line in without_comments(FILE).splitlines():
        if line.startswith("> "):
            topics.append((line[2:], []))
        elif line:
            topics[-1][1].extend(line.split(" | "))
    return [(answer, Pool(f"small talk: {answer}", said)) for answer, said in topics]


TOPICS = _parse()
WEIGHTS = [len(pool["train"]) ** 0.5 for _, pool in TOPICS]  # what can be said in more ways comes more often, if not as much more


def introduction(rng: Random, split: Split) -> tuple[str, str, str]:
    """What a user says, the answer, and the user's name."""
    name = values.first_name(rng, split)
    return rng.choice(INTRODUCTIONS[split]).format(name=name), f"Hello {name}! How can I help you?", name


def small_talk(rng: Random, split: Split) -> tuple[str, str]:
    """What a user says, and the answer."""
    if rng.random() < 0.08:
        return introduction(rng, split)[:2]
    return on_a_topic(rng, split)


def on_a_topic(rng: Random, split: Split) -> tuple[str, str]:
    ((answer, pool),) = rng.choices(TOPICS, WEIGHTS)
    said = rng.choice(pool[split])
    if rng.random() < 0.2 and said.isascii():
        changed = rng.choice([said.lower(), said.rstrip("?!."), said + "!", said.upper() if len(said) < 12 else said])
        said = changed if split_of(changed) == split else said  # "thanks!" and "thanks" may be on different sides
    return said, answer


def small_talk_conversation(rng: Random, split: Split) -> Example:
    messages = [system(rng.choice(SYSTEMS[split]))] if rng.random() < 0.3 else []
    for _ in range(rng.choice([1, 2, 3, 4])):
        said, answer = small_talk(rng, split)
        messages += [user(said), assistant(answer)]
    return Example("small-talk", messages, {"answer": messages[-1]["content"]})
