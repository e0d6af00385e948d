"""
How much of what was learned is of training's side only.

    python train/sides.py train/checkpoints/main/decayed.pt

Loss per token and exact last turns (see held_out.py) for tools, and for words and phrasings, of either side.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from data import Example
from data.calls import tool_call
from data.context import context_answer
from data.extraction import extraction
from data.references import reference
from data.split import SPLITS
from data.text_tasks import text_task
from held_out import judge
from model import Model
from prepare import encode
from weights import load

EXAMPLES = 96  # of each kind
PER_BATCH = 16


def judged(model: Model, make: Callable[[Random], Example]) -> tuple[float, float]:
    """The loss per token of the assistant's, and the share of examples whose last turn is exact."""
    rng = Random(1)
    examples = [encode(make(rng)) for _ in range(EXAMPLES)]
    each = [
        one for i in range(0, EXAMPLES, PER_BATCH) for one in judge(model, examples[i : i + PER_BATCH], torch.device("cpu"), torch.float32)
    ]
    losses, tokens, exact = (sum(column) for column in zip(*each, strict=True))
    return losses / tokens, exact / EXAMPLES


def main(path: Path) -> None:
    model = load(path)[0].eval()
    torch.set_num_threads(1)  # more gain little, and wait for each other where training takes the cores
    kinds: dict[str, Callable[[Random], Example]] = {}
    for tools in SPLITS:
        kinds |= {
            f"call, {tools}'s tools, {words}'s words": lambda rng, tools=tools, words=words: tool_call(rng, tools, words) for words in SPLITS
        }
    for job in (extraction, context_answer, reference, text_task):
        kinds |= {f"{job.__name__}, {side}": lambda rng, job=job, side=side: job(rng, side) for side in SPLITS}
    for kind, make in kinds.items():
        loss, exact = judged(model, make)
        print(f"{kind:36} loss {loss:.3f}, exact {exact:.0%}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
