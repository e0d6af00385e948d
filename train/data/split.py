"""
What belongs to training and what to evaluation, decided before anything is generated: by a hash of the text itself.

One rule for written-down pools and for what is composed at random, so that a name, a value, a tool or a phrasing of one side can never
turn up on the other, whatever the seeds.
"""

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from .wear import Wear, worn

Split = Literal["train", "eval"]
SPLITS: tuple[Split, ...] = ("train", "eval")
EVAL_SHARE = 5  # one text in five is kept for evaluation

POOLS: dict[str, "Pool"] = {}  # every pool that was written down, by its name

PHRASINGS = Path(__file__).with_name("phrasings")
ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")


def split_of(text: str) -> Split:
    """Upper and lower case are the same text."""
    digest = blake2b(text.casefold().encode(), digest_size=8).digest()
    return "eval" if int.from_bytes(digest, "big") % EVAL_SHARE == 0 else "train"


def expand(form: str) -> list[str]:
    """ "a (b|c)" is "a b" and "a c"."""
    found = ALTERNATIVES.search(form)
    if found is None:
        return [form]
    return [text for choice in found[1].split("|") for text in expand(form[: found.start()] + choice + form[found.end() :])]


class Pool:
    """
    Texts that were written down, by side: `pool["train"]`. Those that are alternatives of one text are on the side of that text.
    `wear`: training has them with changed words too (wear.py). `side`: where a text belongs, if another one decides.
    """

    def __init__(self, name: str, texts: Iterable[str], wear: Wear | None = None, side: Callable[[str], Split] = split_of) -> None:
        sides: dict[Split, list[str]] = {"train": [], "eval": []}
        for text in dict.fromkeys(texts):
            sides[side(text)].append(text)
        if not sides["eval"]:  # a short pool that the hash left whole gives its last text
            sides["eval"].append(sides["train"].pop())
        expanded = {side: tuple(dict.fromkeys(form for text in texts for form in expand(text))) for side, texts in sides.items()}
        kept = set(map(str.casefold, expanded["eval"]))
        expanded["train"] = tuple(text for text in expanded["train"] if text.casefold() not in kept)
        if not expanded["train"]:
            raise ValueError(f"pool {name} has nothing for training: {sides['eval']}")
        if wear:
            expanded["train"] = tuple(text for text in worn(expanded["train"], wear) if text.casefold() not in kept)
        self._sides = expanded
        POOLS[name] = self

    def __getitem__(self, split: Split) -> tuple[str, ...]:
        return self._sides[split]


def phrasings(name: str, wear: Wear | None = None, side: Callable[[str], Split] = split_of) -> Pool:
    """Of the file of this name, one a line: (this|that) is either, \\n a new line, · a space at the beginning or the end, ∅ nothing at all."""
    return Pool(name, _read(name)[""], wear, side)


def phrasings_by_kind(name: str, wear: Wear | None = None) -> dict[str, Pool]:
    """The same with a line "# kind" before those of each kind."""
    return {kind: Pool(f"{name}: {kind}", texts, wear) for kind, texts in _read(name).items() if texts}


def without_comments(path: Path) -> str:
    """A file's text but for the lines that begin with #."""
    return "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def lines_of(folder: Path, name: str) -> list[str]:
    """Of the file of a pool."""
    return (folder / f"{name.replace(' ', '-')}.txt").read_text(encoding="utf-8").splitlines()


def _read(name: str) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {"": []}
    for line in lines_of(PHRASINGS, name):
        if line.startswith("# "):
            kinds.setdefault(line[2:], [])
        elif line:
            text = "" if line == "∅" else re.sub("^·|·$", " ", line).replace("\\n", "\n")
            kinds[next(reversed(kinds))].append(text)
    return kinds
