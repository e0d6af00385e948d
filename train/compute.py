"""How to compute on what there is."""

import shutil
from collections.abc import Callable

import torch
from torch import Tensor

BLOCK = 64  # tokens; experts and attention compute whole blocks: few different shapes, each of which oneDNN compiles once


def fused(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Compiled to one loop, on CPUs where there is a C++ compiler: there a step is a sixth quicker (train/README.md)."""
    if torch.cuda.is_available():
        return torch.compile(function, dynamic=False)  # training has few shapes, and always the same
    return torch.compile(function) if shutil.which("g++") else function


def quick_type(device: torch.device) -> torch.dtype:
    """What to compute in: bfloat16, unless the CPU has no instructions for it and takes nearly three times as long (train/README.md)."""
    return torch.bfloat16 if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() else torch.float32
