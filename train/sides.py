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
import torch.nn.functional as F
from batches import targets
from data import Example
from data.calls import tool_call
from data.context import context_answer
from data.extraction import extraction
from data.references import reference
from data.split import SPLITS
from data.text_tasks import text_task
from held_out import last_turn
from model import Batch, Config, Model
from prepare import encode

EXAMPLES = 96  # of each kind
PER_BATCH = 16


@torch.no_grad()
def judge(model: Model, make: Callable[[Random], Example]) -> tuple[float, float]:
    rng = Random(1)
    examples = [encode(make(rng)) for _ in range(EXAMPLES)]
    total, tokens, exact = 0.0, 0, 0
    for i in range(0, EXAMPLES, PER_BATCH):
        batch = examples[i : i + PER_BATCH]
        places, wanted, _ = targets(batch, torch.device("cpu"))
        logits = model.head(model.hidden(Batch.pack([ids for ids, _ in batch])).index_select(0, places))
        total += F.cross_entropy(logits, wanted, reduction="sum").item()
        right, at = logits.argmax(-1) == wanted, 0
        for _, mask in batch:
            end = at + sum(mask)
            exact += bool(right[end - last_turn(mask) : end].all())
            at = end
        tokens += at
    return total / tokens, exact / EXAMPLES


def main(path: Path) -> None:
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Model(Config(**state["config"]))
    model.load_state_dict(state["model"])
    model.eval()
    kinds: dict[str, Callable[[Random], Example]] = {}
    for tools in SPLITS:
        kinds |= {
            f"call, {tools}'s tools, {words}'s words": lambda rng, tools=tools, words=words: tool_call(rng, tools, words) for words in SPLITS
        }
    for job in (extraction, context_answer, reference, text_task):
        kinds |= {f"{job.__name__}, {side}": lambda rng, job=job, side=side: job(rng, side) for side in SPLITS}
    for kind, make in kinds.items():
        loss, exact = judge(model, make)
        print(f"{kind:36} loss {loss:.3f}, exact {exact:.0%}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
