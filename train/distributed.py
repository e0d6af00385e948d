"""Two processes that share the work of a step; one process needs nothing of this."""

import os

import torch
import torch.distributed as dist
from model import Model
from torch import Tensor


def join(rank: int, world: int, store: str) -> None:
    """`store`: a path that does not exist yet."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    torch.set_num_threads(1)


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def all_reduce(tensor: Tensor) -> None:
    """Sums over the processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(tensor)


def reduce_gradients(model: Model, weight: float) -> None:
    """Sums the processes' gradients, divided by `weight`, and their counts of each expert's tokens."""
    gradients = [p.grad for p in model.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients]).div_(weight)
    all_reduce(flat)
    for gradient, total in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(total.view_as(gradient))
    for name, buffer in model.named_buffers():
        if name.endswith("load"):
            all_reduce(buffer)
