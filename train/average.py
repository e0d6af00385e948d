"""
The mean of several models in place of the first one's weights: their noise has nothing in common, what they learned has.

    python train/average.py train/checkpoints/main/stable.pt=2 models/lfm-edge-9m.safetensors=2 older.safetensors=1

The first is a checkpoint; behind = stands what a model weighs. They must be of one run: others' layers do not mean the same.
"""

import sys
from pathlib import Path

import torch
from parts import model_of


def main(arguments: list[str]) -> None:
    pairs = [argument.rsplit("=", 1) for argument in arguments]
    paths, shares = [Path(path) for path, _ in pairs], [float(share) for _, share in pairs]
    models = [model_of(path).state_dict() for path in paths]
    state = torch.load(paths[0], map_location="cpu", weights_only=True)
    total = sum(shares)
    for name in state["model"]:
        state["model"][name] = sum(model[name] * (share / total) for model, share in zip(models, shares, strict=True))
    torch.save(state, paths[0])


if __name__ == "__main__":
    main(sys.argv[1:])
