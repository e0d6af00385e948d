"""Weights under the names of LFM2's checkpoints (model.layers.0.conv.in_proj.weight, …), as bf16 safetensors; the header has the shape."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from config import Config
from model import Model
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

# Ours → LFM2's, inside a layer, where they differ.
RENAMED = {"conv.taps": "conv.conv.weight", "feed_forward.router": "feed_forward.gate.weight"}


def to_checkpoint(model: Model) -> dict[str, Tensor]:
    """Every expert's matrices on their own: w1 gate, w3 up, w2 down."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        for ours, theirs in RENAMED.items():
            name = name.replace(ours, theirs)
        name = f"model.{name}"
        if name.endswith("conv.conv.weight"):
            tensors[name] = tensor[:, None, :]
        elif name.endswith(("feed_forward.gate_up", "feed_forward.down")):
            prefix = name.rpartition(".")[0]
            for i, expert in enumerate(tensor):
                parts = {"w2": expert} if name.endswith("down") else dict(zip(("w1", "w3"), expert.chunk(2), strict=True))
                tensors.update({f"{prefix}.experts.{i}.{w}.weight": part for w, part in parts.items()})
        else:
            tensors[name] = tensor
    return tensors


def from_checkpoint(config: Config, tensors: dict[str, Tensor]) -> Model:
    model = Model(config)
    state = {}
    for name in model.state_dict():
        theirs = f"model.{name}"
        for ours, renamed in RENAMED.items():
            theirs = theirs.replace(ours, renamed)
        experts = f"{theirs.rpartition('.')[0]}.experts"
        numbers = range(config.n_experts)
        if name.endswith("feed_forward.gate_up"):
            both = [torch.cat([tensors[f"{experts}.{i}.{w}.weight"] for w in ("w1", "w3")]) for i in numbers]
            state[name] = torch.stack(both).float()
        elif name.endswith("feed_forward.down"):
            state[name] = torch.stack([tensors[f"{experts}.{i}.w2.weight"] for i in numbers]).float()
        else:
            tensor = tensors[theirs].float()
            state[name] = tensor[:, 0] if name.endswith("taps") else tensor
    model.load_state_dict(state)
    return model


def save(model: Model, path: Path, progress: dict[str, int | float]) -> None:
    """`progress`: steps, tokens and seconds behind these weights; the header tells them, as text."""
    # The router and its bias choose experts, and the taps are few: they stay f32, as in LFM2's GGUF files.
    fine = ("feed_forward.gate.weight", "expert_bias", "conv.conv.weight")
    tensors = {
        name: tensor.float().contiguous() if name.endswith(fine) else tensor.bfloat16().contiguous()
        for name, tensor in to_checkpoint(model).items()
    }
    facts = {key: str(progress[key]) for key in ("step", "tokens", "seconds")}
    save_file(tensors, path, metadata={"format": "pt", "config": json.dumps(asdict(model.config)), **facts})


def load(path: Path) -> tuple[Model, dict]:
    """The model of a checkpoint (.pt) and all that it holds, or of weights (.safetensors) and what the header tells."""
    if path.suffix == ".pt":
        state = torch.load(path, map_location="cpu", weights_only=True)
        model = Model(Config(**state["config"]))
        model.load_state_dict(state["model"])
        return model, state
    with safe_open(path, "pt") as file:
        facts = file.metadata()
        config = Config(**json.loads(facts["config"]))
        return from_checkpoint(config, {name: file.get_tensor(name) for name in file.keys()}), facts
