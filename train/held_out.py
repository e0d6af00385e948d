"""How a model does on conversations from pools that training never sees."""

from collections import defaultdict
from itertools import islice

import torch
import torch.nn.functional as F
from batches import targets
from data import generate
from distributed import all_reduce
from model import Batch, Model
from prepare import encode

EXAMPLES = 384
PER_BATCH = 16
SEED = 1


class HeldOut:
    def __init__(self, device: torch.device):
        self.device = device
        kept = [(f"{example.job} {example.tag or ''}".strip(), *encode(example)) for example in islice(generate("eval", SEED), EXAMPLES)]
        kept.sort(key=lambda one: len(one[1]))
        self.jobs = sorted({job for job, _, _ in kept})
        self.batches = [kept[i : i + PER_BATCH] for i in range(0, len(kept), PER_BATCH)]

    @torch.no_grad()
    def evaluate(self, model: Model, dtype: torch.dtype, rank: int, world: int) -> dict[str, tuple[float, float, int]]:
        """
        By job: the loss per token of the assistant's, the share of examples whose last turn is exact, and their number. A turn is exact if
        each of its tokens is the likeliest after the right ones before it: then greedy decoding writes just that turn.
        """
        model.eval()
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0, 0, 0])  # losses, tokens, exact turns, turns
        for kept in self.batches[rank::world]:
            batch = Batch.pack([ids for _, ids, _ in kept], self.device)
            places, wanted, _ = targets([(ids, mask) for _, ids, mask in kept], self.device)
            logits = model.head(model.hidden(batch, dtype).index_select(0, places)).float()
            losses = F.cross_entropy(logits, wanted, reduction="none").cpu()
            right = (logits.argmax(-1) == wanted).cpu()
            at = 0
            for job, _, mask in kept:
                end = at + sum(mask)
                of = sums[job]
                of[0] += losses[at:end].sum().item()
                of[1] += end - at
                of[2] += bool(right[end - last_turn(mask) : end].all())
                of[3] += 1
                at = end
        model.train()
        table = torch.tensor([sums[job] for job in self.jobs])
        all_reduce(table)
        return {job: (loss / n, exact / turns, int(turns)) for job, (loss, n, exact, turns) in zip(self.jobs, table.tolist(), strict=True)}


def last_turn(mask: list[int]) -> int:
    """How many tokens the last assistant turn has."""
    end = len(mask) - mask[::-1].index(1)
    start = end
    while start > 0 and mask[start - 1]:
        start -= 1
    return end - start
