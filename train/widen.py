"""
The same model, wider: what is new changes nothing at first, and can learn.

    python train/widen.py checkpoint.pt wider.safetensors --hidden 256 --heads 8 --intermediate 768

A new channel of the hidden state is read at once, by random weights, and written by nobody yet: so what writes to it gets a gradient. What
is new inside of a layer is computed at once, and not read yet. Norms divide by the root of a mean that has zeros in it now, and their
weights make up for that.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
import weights
from config import Config
from model import Model
from torch import Tensor

WRITERS = ("out_proj.weight", "w2.weight", "down")  # into the hidden state
NEW = 0.5  # new weights that are read, by the standard deviation of the old ones of their matrix


def heads(x: Tensor, old: int, new: int, groups: int) -> Tensor:
    """x: [old heads * d, …]; of each group's heads, which share keys and values, the new ones are behind the old, and NaN."""
    x = x.view(groups, old // groups, -1, *x.shape[1:])
    return torch.cat([x, x.new_full((groups, (new - old) // groups, *x.shape[2:]), torch.nan)], dim=1).flatten(0, 2)


def padded(x: Tensor, shape: torch.Size) -> Tensor:
    """The old values in the first places, NaN in the new ones."""
    result = x.new_full(shape, torch.nan)
    result[tuple(slice(size) for size in x.shape)] = x
    return result


def widened(name: str, old: Tensor, shape: torch.Size, was: Config, becomes: Config) -> Tensor:
    """The value of a parameter in the wide model."""
    value = old
    if name.endswith("conv.in_proj.weight"):  # gates and values, one behind the other
        value = torch.cat([padded(part, torch.Size((becomes.hidden_size, part.shape[1]))) for part in old.chunk(3)])
    elif name.endswith("q_proj.weight"):
        value = heads(old, was.n_heads, becomes.n_heads, was.n_kv_heads)
    elif name.endswith("self_attn.out_proj.weight"):
        value = heads(old.T, was.n_heads, becomes.n_heads, was.n_kv_heads).T
    value = padded(value, shape)
    if name.endswith(("operator_norm.weight", "ffn_norm.weight", "embedding_norm.weight")):
        return (value * (was.hidden_size / becomes.hidden_size) ** 0.5).nan_to_num(1)
    if name.endswith((*WRITERS, "embed_tokens.weight", "router")):
        return value.nan_to_num(0)
    return value.where(~value.isnan(), torch.randn(shape) * old.std() * NEW)


@torch.no_grad()
def widen(model: Model, hidden: int, n_heads: int, intermediate: int) -> Model:
    wide = Model(replace(model.config, hidden_size=hidden, n_heads=n_heads, intermediate_size=intermediate))
    if wide.config.head_dim != model.config.head_dim:
        raise SystemExit(f"heads of {wide.config.head_dim}, which were of {model.config.head_dim}")
    values = model.state_dict()
    wide.load_state_dict({name: widened(name, values[name], to.shape, model.config, wide.config) for name, to in wide.state_dict().items()})
    return wide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a checkpoint (.pt) or weights (.safetensors)")
    parser.add_argument("target", type=Path, help="weights (.safetensors)")
    parser.add_argument("--hidden", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--intermediate", type=int, required=True, help="of the dense layers")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model, progress = weights.load(args.source)
    weights.save(widen(model, args.hidden, args.heads, args.intermediate), args.target, progress)


if __name__ == "__main__":
    main()
