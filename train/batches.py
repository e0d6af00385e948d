"""Which examples a step sees, and which of their tokens it learns."""

import torch
from data import generate
from prepare import encode
from torch import Tensor

SHARDS = 2  # of a step's examples; a process computes one or all of them
SHORT = 128  # tokens of an example at first, one more each step: copying is learned sooner where there is less to look through
PROMPT_SHARE, PROMPT_WEIGHT = 0.1, 0.1  # some of the prompts' tokens are learned too, with less weight: what people's words mean

Encoded = tuple[list[int], list[int]]  # ids, and 1 where the assistant speaks


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


def targets(examples: list[Encoded], device: torch.device, random: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Places in the packed examples whose next token is to be learned, those tokens, and which the assistant says. `random` draws prompts."""
    ids = torch.tensor([id for ids, _ in examples for id in ids])
    spoken = torch.tensor([m for _, mask in examples for m in (*mask[1:], 0)], dtype=torch.bool)
    learned = spoken.clone()
    if random is not None:
        ends = torch.tensor([len(ids) for ids, _ in examples]).cumsum(0) - 1
        learned |= torch.rand(len(learned), generator=random) < PROMPT_SHARE
        learned[ends] = False
    places = learned.nonzero().flatten()
    return places.to(device), ids[places + 1].to(device), spoken[places].to(device)
