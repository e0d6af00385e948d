"""
What belongs to training and what to evaluation, decided before anything is generated: by a hash of the text itself.

One rule for written-down pools and for what is composed at random, so that a name, a value, a tool or a phrasing of one side can never
turn up on the other, whatever the seeds.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

Split = Literal["train", "eval"]
SPLITS: tuple[Split, ...] = ("train", "eval")
EVAL_SHARE = 5  # one text in five is kept for evaluation

POOLS: dict[str, "Pool"] = {}  # every pool that was written down, by its name


def split_of(text: str) -> Split:
    """Upper and lower case are the same text."""
    digest = blake2b(text.casefold().encode(), digest_size=8).digest()
    return "eval" if int.from_bytes(digest, "big") % EVAL_SHARE == 0 else "train"


class Pool:
    """Texts that were written down, by side: `pool["train"]`."""

    def __init__(self, name: str, texts: Iterable[str]) -> None:
        sides: dict[Split, list[str]] = {"train": [], "eval": []}
        for text in dict.fromkeys(texts):
            sides[split_of(text)].append(text)
        if not sides["eval"]:  # a short pool that the hash left whole gives its last text
            sides["eval"].append(sides["train"].pop())
        if not sides["train"]:
            raise ValueError(f"pool {name} has nothing for training: {sides['eval']}")
        self._sides = {side: tuple(texts) for side, texts in sides.items()}
        POOLS[name] = self

    def __getitem__(self, split: Split) -> tuple[str, ...]:
        return self._sides[split]
