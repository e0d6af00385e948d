"""
Adds layers to a checkpoint, and takes experts away.

    python train/grow.py --layers cacacAcaAc --experts 24     capital letters are the new ones

A new layer begins as a copy of the last one of its kind, with output projections of zeros: at first it changes nothing. Of each layer's
experts those stay that say the most: the sum, over tokens, of the length of what they add.
"""

import argparse
import re
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import torch
from data import generate
from model import Batch, Config, Experts, Model
from optimizer import optimizers
from prepare import encode
from torch import Tensor
from train import CHECKPOINTS

EXAMPLES = 64  # to measure experts with
PER_EXPERT = ("router", "gate_up", "down", "expert_bias")
OUTPUTS = ("out_proj.weight", "feed_forward.down")


@torch.no_grad()
def loudest(model: Model, keep: int) -> dict[str, Tensor]:
    """The experts to keep, of each layer that has them, by the name of its feed_forward."""
    layers = {name: module for name, module in model.named_modules() if isinstance(module, Experts)}
    inputs: dict[str, Tensor] = {}
    for name, module in layers.items():
        module.register_forward_hook(lambda _, args, __, name=name: inputs.update({name: args[0]}))
    model(Batch.pack([encode(example)[0] for example in islice(generate("train", -1), EXAMPLES)]))
    kept = {}
    for name, module in layers.items():
        u = inputs[name]
        weights = torch.zeros(len(u), len(module.router)).scatter(1, *module.route(u))
        gate, up = torch.einsum("th,efh->etf", u, module.gate_up).chunk(2, dim=-1)
        said = torch.einsum("etf,ehf->eth", torch.nn.functional.silu(gate) * up, module.down).norm(dim=-1)
        kept[name] = (said * weights.T).sum(dim=1).topk(keep).indices.sort().values
    return kept


def sources(layers: str) -> list[int]:
    """Of each new layer the old one that it is, or begins as a copy of."""
    old, last, found = 0, {}, []
    for letter in layers:
        kind = letter.lower()
        if letter == kind:
            last[kind], old = old, old + 1
        found.append(last[kind])
    return found


def grow(state: dict, layers: str, experts: int) -> dict:
    config = Config(**state["config"])
    if re.sub("[A-Z]", "", layers) != config.layers:
        raise SystemExit(f"without its capital letters {layers} is not {config.layers}, the layers of the checkpoint")
    old = Model(config).eval()
    old.load_state_dict(state["model"])
    kept = loudest(old, experts)
    new = Model(replace(config, layers=layers.lower(), n_experts=experts))
    source = sources(layers)

    def taken(name: str, values: dict[str, Tensor]) -> tuple[Tensor, bool]:
        """The old value of what is `name` in the new model, and whether it is of a new layer."""
        parts = name.split(".")
        if parts[0] != "layers":
            return values[name], False
        i = int(parts[1])
        parts[1] = str(source[i])
        value = values[".".join(parts)]
        return (value[kept[".".join(parts[:-1])]] if parts[-1] in PER_EXPERT else value), layers[i].isupper()

    weights = {}
    for name in new.state_dict():
        value, added = taken(name, state["model"])
        weights[name] = torch.zeros_like(value) if added and name.endswith(OUTPUTS) else value
    new.load_state_dict(weights)

    before, after = optimizers(old, 0), optimizers(new, 0)
    names = {id(p): name for name, p in old.named_parameters()}
    for was, becomes, saved in zip(before, after, state["optimizers"], strict=True):
        was.load_state_dict(saved)
        moments: dict[str, dict[str, Tensor]] = {}
        for p, values in was.state.items():
            for key, value in values.items():
                moments.setdefault(key, {})[names[id(p)]] = value
        mine = {id(p) for group in becomes.param_groups for p in group["params"]}
        for name, p in new.named_parameters():
            if id(p) in mine:
                for key, values in moments.items():
                    value, added = taken(name, values) if key != "step" else (next(iter(values.values())), False)
                    becomes.state[p][key] = torch.zeros_like(value) if added else value.clone()
    return {
        **state,
        "config": asdict(new.config),
        "model": new.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in after],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="main", help="folder under train/checkpoints")
    parser.add_argument("--layers", required=True)
    parser.add_argument("--experts", type=int, required=True, help="that stay, of each layer")
    args = parser.parse_args()
    path: Path = CHECKPOINTS / args.name / "stable.pt"
    torch.save(grow(torch.load(path, map_location="cpu", weights_only=True), args.layers, args.experts), path)


if __name__ == "__main__":
    main()
