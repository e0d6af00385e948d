"""
Adds layers to a checkpoint, takes experts away, and lets a layer's experts begin anew.

    python train/grow.py --layers cacacAcaAc --experts 24     capital letters are the new ones
    python train/grow.py --restart 5                          counted from 0

A new layer begins as a copy of the last one of its kind, with output projections of zeros: at first it changes nothing. Of each layer's
experts those stay that say the most: the sum, over tokens, of the length of what they add. Experts begin anew as copies of those of the
layer before, and each of the two says half of it: where a layer's ffn_norm has gone to nothing its experts no longer learn, and beginning
with output projections of zeros it goes there again.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import torch
from config import Config
from data import generate
from experts import Experts
from model import Batch, Model
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


def down(layer: int) -> str:
    return f"layers.{layer}.feed_forward.down"


def grow(state: dict, layers: str | None = None, experts: int | None = None, restart: Sequence[int] = ()) -> dict:
    config = Config(**state["config"])
    layers, experts = layers or config.layers, experts or config.n_experts
    if re.sub("[A-Z]", "", layers) != config.layers:
        raise SystemExit(f"without its capital letters {layers} is not {config.layers}, the layers of the checkpoint")
    if not all(config.n_dense_layers < i < len(layers) and layers[i - 1].islower() and i - 1 not in restart for i in restart):
        raise SystemExit("only a layer whose predecessor has experts, and is neither new nor begins anew itself, can begin anew")
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
        anew = i in restart and parts[2] in ("ffn_norm", "feed_forward")
        parts[1] = str(source[i - 1 if anew else i])
        value = values[".".join(parts)]
        value = value[kept[".".join(parts[:-1])]] if parts[-1] in PER_EXPERT else value
        return value, anew or layers[i].isupper()

    weights = {}
    for name in new.state_dict():
        value, added = taken(name, state["model"])
        weights[name] = torch.zeros_like(value) if added and name.endswith(OUTPUTS) else value
    for i in restart:
        weights[down(i)] = weights[down(i - 1)] = weights[down(i - 1)] / 2
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
    parser.add_argument("--layers")
    parser.add_argument("--experts", type=int, help="that stay, of each layer")
    parser.add_argument("--restart", type=int, nargs="*", default=(), help="layers whose experts begin anew")
    args = parser.parse_args()
    path: Path = CHECKPOINTS / args.name / "stable.pt"
    torch.save(grow(torch.load(path, map_location="cpu", weights_only=True), args.layers, args.experts, args.restart), path)


if __name__ == "__main__":
    main()
