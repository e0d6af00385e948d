"""Which examples a step sees, and which of their tokens it learns."""

import torch
from data import generate
from prepare import encode
from torch import Tensor

SHARDS = 2  # of a step's examples; a process computes one or all of them
SHORT = 128  # tokens of an example at first, one more each step: copying is learned sooner where there is less to look through
PROMPT_SHARE, PROMPT_WEIGHT = 0.1, 0.1  # some of the prompts' tokens are learned too, with less weight: what people's words mean
FIRST_WEIGHT = 2.0  # of a conversation's first answer: the hardest, with none before it to go by
HALF_BELIEVED = 1.5  # nats of an answer's loss at which it weighs half

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
    """
    Places in the packed examples whose next token is to be learned, those tokens, and their weights: at least 1 where the assistant speaks.
    `random` draws some of prompts.
    """
    ids = torch.tensor([id for ids, _ in examples for id in ids])
    weights = torch.tensor([weight for _, mask in examples for weight in (*_weights(mask)[1:], 0)])
    if random is not None:
        ends = torch.tensor([len(ids) for ids, _ in examples]).cumsum(0) - 1
        prompt = (torch.rand(len(weights), generator=random) < PROMPT_SHARE) & (weights == 0)
        prompt[ends] = False
        weights[prompt] = PROMPT_WEIGHT
    places = weights.nonzero().flatten()
    return places.to(device), ids[places + 1].to(device), weights[places].to(device)


def believed(losses: Tensor, places: Tensor, spoken: Tensor) -> Tensor:
    """
    What each token weighs for its whole answer's loss; prompts' tokens weigh 1.

    Answers far from what the model expects make half of a gradient and little of what gradients share (`noise.py`); and where it has
    to be exact, one that is a little wrong is as wrong as one that is far off.
    """
    answer, sums = answers(losses, places, spoken)
    return torch.where(spoken, (1 / (1 + sums / HALF_BELIEVED))[answer], 1)


def answers(losses: Tensor, places: Tensor, spoken: Tensor) -> tuple[Tensor, Tensor]:
    """Of each token the number of its answer, from 1 (a prompt's: of the answer before), and each answer's loss, behind a 0."""
    goes_on = spoken.roll(1) & (places - places.roll(1) == 1)
    goes_on[:1] = False
    answer = (spoken & ~goes_on).cumsum(0)
    return answer, losses.new_zeros(int(answer[-1]) + 1).index_add(0, answer[spoken], losses[spoken])


def _weights(mask: list[int]) -> list[float]:
    """Of each token of an example, which may be cut before anybody answers."""
    first = [*mask, 1].index(1)
    end = [*mask, 0].index(0, first)
    return [m * FIRST_WEIGHT if i < end else float(m) for i, m in enumerate(mask)]
