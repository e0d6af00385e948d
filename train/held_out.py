"""How a model does on conversations from pools that training never sees."""

from collections import defaultdict
from itertools import islice

import torch
import torch.nn.functional as F
from batches import Encoded, targets
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

    def evaluate(self, model: Model, dtype: torch.dtype, rank: int, world: int) -> dict[str, tuple[float, float, int]]:
        """By job: the loss per token of the assistant's, the share of examples whose last turn is exact, and their number."""
        model.eval()
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0, 0, 0])  # losses, tokens, exact turns, turns
        # A GPU's functions are compiled for one size, and no two batches have the same.
        with torch.compiler.set_stance("force_eager" if self.device.type == "cuda" else "default"):
            for kept in self.batches[rank::world]:
                judged = judge(model, [(ids, mask) for _, ids, mask in kept], self.device, dtype)
                for (job, _, _), (loss, tokens, exact) in zip(kept, judged, strict=True):
                    sums[job] = [total + one for total, one in zip(sums[job], (loss, tokens, exact, 1), strict=True)]
        model.train()
        table = torch.tensor([sums[job] for job in self.jobs])
        all_reduce(table)
        return {job: (loss / n, exact / turns, int(turns)) for job, (loss, n, exact, turns) in zip(self.jobs, table.tolist(), strict=True)}


@torch.no_grad()
def judge(model: Model, examples: list[Encoded], device: torch.device, dtype: torch.dtype) -> list[tuple[float, int, bool]]:
    """
    Of each example the losses of the assistant's tokens in all, their number, and whether the last turn is exact: each of its tokens is the
    likeliest after the right ones before it, so that greedy decoding writes just that turn.
    """
    places, wanted, _ = targets(examples, device)
    batch = Batch.pack([ids for ids, _ in examples], device)
    logits = model.head(model.hidden(batch, dtype).index_select(0, places)).float()
    losses = F.cross_entropy(logits, wanted, reduction="none").cpu()
    right = (logits.argmax(-1) == wanted).cpu()
    judged, at = [], 0
    for _, mask in examples:
        end = at + sum(mask)
        judged.append((losses[at:end].sum().item(), end - at, bool(right[end - last_turn(mask) : end].all())))
        at = end
    return judged


def last_turn(mask: list[int]) -> int:
    """How many tokens the last assistant turn has."""
    end = len(mask) - mask[::-1].index(1)
    start = end
    while start > 0 and mask[start - 1]:
        start -= 1
    return end - start
