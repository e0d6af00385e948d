"""
Training's phrasings once more with words that mean the same, and with words lost, put in, or put in another's place: the words around a value
are never just those that were written down. What stands beside a value is not lost nor any word: it tells where the value begins and ends.
"""

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

Wear = Literal["add", "change"]  # words put in; or others lost and replaced too, where no word alone says what is meant
COPIES = 6  # of each phrasing, half of them with other words of the same meaning only
AS_WRITTEN = 18  # times each phrasing itself beside them: of some copies nobody could say what is meant, and what they teach is noise
REWORDED = 0.25  # of the words that others stand for
CHANGED = 0.12  # of the words
FILES = (*sorted(Path(__file__).with_name("phrasings").glob("*.txt")), Path(__file__).with_name("common_tools.txt"))
PART = re.compile(r"\{\w+\}|[\w']+|[^\w{]+|\{")
WORD = re.compile(r"[a-z']{3,}")
THESAURUS = Path(__file__).with_name("thesaurus.txt")


def worn(texts: tuple[str, ...], wear: Wear) -> tuple[str, ...]:
    """The texts, and copies with changed words. The same for the same text."""
    return texts * AS_WRITTEN + tuple(copy for text in texts for copy in _copies(text, wear))


def _copies(text: str, wear: Wear) -> list[str]:
    head, bar, said = text.rpartition("|")  # a story begins with its fields
    parts = PART.findall(said)
    free = [i for i, part in enumerate(parts) if WORD.fullmatch(part) and not _beside_slot(parts, i)]
    rng = Random(text)
    copies = []
    for i in range(COPIES):
        reworded = _reworded(parts, rng)
        copies.append(head + bar + (_changed(reworded, free, wear, rng) if i % 2 and len(free) > 1 else "".join(reworded)))
    return copies


def _beside_slot(parts: list[str], i: int) -> bool:
    """Nothing but spaces between this word and a slot."""
    before, after = "".join(parts[max(0, i - 2) : i]), "".join(parts[i + 1 : i + 3])
    return before.rstrip().endswith("}") or after.lstrip().startswith("{")


def _reworded(parts: list[str], rng: Random) -> list[str]:
    result = list(parts)
    for i, part in enumerate(parts):
        others = _thesaurus().get(part)
        if others and rng.random() < REWORDED:
            result[i] = rng.choice(others)
            if parts[max(0, i - 2) : i] in (["a", " "], ["an", " "]):
                result[i - 2] = "an" if result[i][0] in "aeiou" else "a"
    return result


def _changed(parts: list[str], free: list[int], wear: Wear, rng: Random) -> str:
    chosen = {i for i in free if rng.random() < CHANGED} or {rng.choice(free)}
    text = ""
    for i, part in enumerate(parts):
        draw = rng.random() if i in chosen else 1
        if draw == 1:
            text += part
        elif wear == "add" or draw < 0.3:
            text += f"{rng.choice(_words())} {part}"
        elif draw < 0.7:
            text += rng.choice(_words())
        else:
            text = text.removesuffix(" ")
    return text if text[:1] == parts[0][:1] else text.lstrip()


@cache
def _thesaurus() -> dict[str, tuple[str, ...]]:
    """A line's words stand for each other; so do those of several lines."""
    groups: dict[str, list[str]] = {}
    for line in THESAURUS.read_text(encoding="utf-8").splitlines():
        for word in line.split():
            groups.setdefault(word, []).extend(other for other in line.split() if other != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in groups.items()}


@cache
def _words() -> list[str]:
    """Words that training's phrasings are made of."""
    from .split import split_of

    lines = (line for file in FILES for line in file.read_text(encoding="utf-8").splitlines() if split_of(line) == "train")
    words = {word for line in lines for word in re.findall(r"(?<![\w{:])[a-z]{3,}(?![\w}:!])", line)}
    return sorted(word for word in words if split_of(word) == "train")
