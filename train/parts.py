"""
What each part of a model adds, in loss per token of training's conversations.

    python train/parts.py models/lfm-edge-12m.safetensors              without it: a part that changes little is dead weight
    python train/parts.py decayed.pt --before stable.pt                with it as it was before: below 0, what it learned since is noise

Parts are operators, feed-forwards and, without `--before`, heads of attention. Some minutes on a CPU.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from batches import targets
from data import generate
from experts import Experts
from model import Batch, Model
from prepare import encode
from torch import Tensor
from weights import load

SEED = -1  # of no step


def operators(model: Model) -> Iterator[tuple[str, list[Tensor]]]:
    """By name, what has to be zero for a part to say nothing."""
    for i, layer in enumerate(model.layers):
        out = (layer.conv or layer.self_attn).out_proj.weight.data
        yield f"{i} {'convolution' if layer.conv else 'attention'}", [out]
        if layer.self_attn:
            yield from ((f"{i}   head {h}", [head]) for h, head in enumerate(out.split(layer.self_attn.head_dim, dim=1)))
        ff = layer.feed_forward
        yield f"{i} feed-forward", [ff.down.data if isinstance(ff, Experts) else ff.w2.weight.data]


def weights_of(model: Model) -> Iterator[tuple[str, list[Tensor]]]:
    """By name of the part, all its weights, in the same order for each model."""
    yield "embedding", [model.embed_tokens.weight.data]
    for i, layer in enumerate(model.layers):
        operator = layer.conv or layer.self_attn
        yield f"{i} {'convolution' if layer.conv else 'attention'}", [p.data for p in operator.parameters()]
        yield f"{i} feed-forward", [p.data for p in layer.feed_forward.parameters()]


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help=".pt or .safetensors")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--examples", type=int, default=56)
    args = parser.parse_args()
    model = load(args.model)[0].eval()
    examples = [encode(example) for example in islice(generate("train", SEED), args.examples)]
    batch = Batch.pack([ids for ids, _ in examples])
    places, wanted, _ = targets(examples, torch.device("cpu"))

    def loss() -> float:
        return F.cross_entropy(model.head(model.hidden(batch).index_select(0, places)), wanted).item()

    whole = loss()
    print(f"{len(batch.ids):,} tokens, loss {whole:.4f}")
    if args.before:
        parts, others = weights_of(model), [tensors for _, tensors in weights_of(load(args.before)[0])]
    else:
        parts, others = operators(model), []
    for i, (name, tensors) in enumerate(parts):
        kept = [tensor.clone() for tensor in tensors]
        for j, tensor in enumerate(tensors):
            tensor.copy_(others[i][j] if others else torch.zeros_like(tensor))
        print(f"{name:16} {loss() - whole:+.4f}", flush=True)
        for tensor, value in zip(tensors, kept, strict=True):
            tensor.copy_(value)


if __name__ == "__main__":
    main()
