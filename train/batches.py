"""Which examples a step sees, and which of their tokens it learns."""

import numpy as np
import torch
from data import generate
from model import Batch
from prepare import encode
from torch import Tensor

SHARDS = 2  # of a step's examples; a process computes one or all of them
SHORT = 128  # tokens of an example at first, one more each step: copying is learned sooner where there is less to look through
FIRST_WEIGHT = 2.0  # of a conversation's first answer: the hardest, with none before it to go by
HALF_BELIEVED = 3.0  # nats of an answer's loss at which it weighs half

Encoded = tuple[list[int], list[int]]  # ids, and 1 where the assistant speaks
Prepared = tuple[Batch, Tensor, Tensor, Tensor]  # and what targets() returns


def examples_of(seed: int, step: int, shard: int, tokens: int) -> list[Encoded]:
    """`tokens` tokens of examples; the last one is cut."""
    examples: list[Encoded] = []
    missing = tokens
    for example in generate("train", (seed * 1_000_000 + step) * SHARDS + shard):
        ids, mask = encode(example)
        if len(ids) > SHORT + step:
            continue
        examples.append((ids[:missing], mask[:missing]))
        missing -= len(examples[-1][0])
        if missing == 0:
            return examples
    raise AssertionError("generate() has no end")


def prepared(seed: int, step: int, shard: int, tokens: int) -> Prepared:
    examples = examples_of(seed, step, shard, tokens)
    return Batch.pack([ids for ids, _ in examples]), *targets(examples, "cpu")


def targets(examples: list[Encoded], device: torch.device | str) -> tuple[Tensor, Tensor, Tensor]:
    """Places in the packed examples behind which the assistant speaks, what it says there, and what that weighs."""
    ids = torch.from_numpy(np.array([id for ids, _ in examples for id in ids]))  # torch.tensor takes four times as long
    weights = torch.from_numpy(np.array([weight for _, mask in examples for weight in (*_weights(mask)[1:], 0)], dtype=np.float32))
    places = weights.nonzero().flatten()
    return places.to(device), ids[places + 1].to(device), weights[places].to(device)


def believed(losses: Tensor, places: Tensor) -> Tensor:
    """
    What each token weighs for its whole answer's loss.

    Answers far from what the model expects make half of a gradient and little of what gradients share (`noise.py`); and where it has to be
    exact, one that is a little wrong is as wrong as one that is far off.
    """
    return 1 / (1 + answers(losses, places)[1] / HALF_BELIEVED)


def answers(losses: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Of each token whether an answer begins with it, and its whole answer's loss."""
    begins = places != places.roll(1) + 1
    begins[0] = True
    answer = begins.cumsum(0) - 1
    return begins, torch.zeros_like(losses).index_add(0, answer, losses)[answer]


def _weights(mask: list[int]) -> list[float]:
    """Of each token of an example, which may be cut before anybody answers."""
    first = [*mask, 1].index(1)
    end = [*mask, 0].index(0, first)
    return [m * FIRST_WEIGHT if i < end else float(m) for i, m in enumerate(mask)]
