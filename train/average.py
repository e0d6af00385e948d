"""
The mean of several models in place of the first one's weights: their noise has nothing in common, what they learned has.

    python train/average.py train/checkpoints/main/stable.pt=2 models/lfm-edge-12m.safetensors=2 older.safetensors=1

The first is a checkpoint; behind = stands what a model weighs. They must be of one run: others' layers do not mean the same.
"""

import sys
from pathlib import Path

import torch
from weights import load


def main(arguments: list[str]) -> None:
    pairs = [argument.rsplit("=", 1) for argument in arguments]
    paths, shares = [Path(path) for path, _ in pairs], [float(share) for _, share in pairs]
    models, (state, *_) = zip(*(load(path) for path in paths), strict=True)
    values, total = [model.state_dict() for model in models], sum(shares)
    state["model"] = {name: sum(of[name] * (share / total) for of, share in zip(values, shares, strict=True)) for name in state["model"]}
    torch.save(state, paths[0])


if __name__ == "__main__":
    main(sys.argv[1:])
