"""
What of the gradient is common to two halves of many conversations, by how far answers are from what the model expects.

    python train/noise.py models/lfm-edge-12m.safetensors

Per kind of answer: its part of the gradient's square, and its cosine with the whole gradient of the other half, the mean over matrices.
Some minutes on a CPU.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from batches import answers, targets
from data import generate
from model import Batch
from prepare import encode
from torch import Tensor
from weights import load

SEED = -2  # of no step
EDGES = (1.0, 4.0)  # nats of a whole answer
AT_ONCE = 14  # conversations


def cosine(these: list[Tensor], those: list[Tensor]) -> float:
    pairs = [(a.flatten(), b.flatten()) for a, b in zip(these, those, strict=True)]
    return sum(F.cosine_similarity(a, b, dim=0).item() for a, b in pairs) / len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help=".pt or .safetensors")
    parser.add_argument("--examples", type=int, default=364)
    args = parser.parse_args()
    model = load(args.model)[0].train()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    kinds = len(EDGES) + 1
    gradients = [[[torch.zeros_like(p) for p in matrices] for _ in range(kinds)] for _ in range(2)]
    found = torch.zeros(kinds, dtype=torch.long)
    generator = generate("train", SEED)
    for turn in range(args.examples // AT_ONCE):
        examples = [encode(example) for example in islice(generator, AT_ONCE)]
        batch = Batch.pack([ids for ids, _ in examples])
        places, wanted, _ = targets(examples, torch.device("cpu"))
        for kind in range(kinds):  # forward too: `fused` functions give back what a second way through the graph would need
            losses = F.cross_entropy(model.head(model.hidden(batch).index_select(0, places)), wanted, reduction="none")
            begins, sums = answers(losses.detach(), places)
            of_kind = torch.bucketize(sums, torch.tensor(EDGES)) == kind
            model.zero_grad()
            (losses * of_kind).sum().backward()
            found[kind] += (of_kind & begins).sum()
            for total, p in zip(gradients[turn % 2][kind], matrices, strict=True):
                total += p.grad
    wholes = [[sum(parts) for parts in zip(*half, strict=True)] for half in gradients]
    squares = [sum(total.square().sum().item() for half in gradients for total in half[kind]) for kind in range(kinds)]
    for kind, (low, high) in enumerate(zip((0.0, *EDGES), (*EDGES, float("inf")), strict=True)):
        common = sum(cosine(gradients[half][kind], wholes[1 - half]) for half in range(2)) / 2
        print(f"{low:g} … {high:g} nats: {found[kind]} answers, {squares[kind] / sum(squares):.0%} of the square, cosine {common:.3f}")


if __name__ == "__main__":
    main()
