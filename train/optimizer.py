"""
Muon for matrices (Keller Jordan, 2024), AdamW for the rest: embedding, norms, router, taps of the convolutions.

Matrices and the embedding shrink a little at every step: Muon's steps are of one size whatever the gradient says, and where nothing takes
noise away it adds up. After 24,500 steps without, matrices were eleven times as large as at first, and more.
"""

from collections.abc import Iterable

import torch
from compute import quick_type
from distributed import all_reduce, rank, world
from torch import Tensor, nn

EXPERTS_RATE = 0.2  # of the other matrices', on CPUs: an expert sees a sixth of a step's few tokens, and nothing takes back their noise
WEIGHT_DECAY = 0.1  # times Muon's rate is the part that is lost in a step


def orthogonalize(g: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly, by five Newton–Schulz steps. g: [..., rows, columns]."""
    x = g.to(quick_type(g.device)).view(-1, *g.shape[-2:])
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445)
    return (x.mT if tall else x).to(g.dtype).view_as(g)


def _by_shape(parameters: Iterable[Tensor]) -> dict[tuple[int, int], list[Tensor]]:
    """Of the matrices that they are, or are stacks of."""
    shapes: dict[tuple[int, int], list[Tensor]] = {}
    for p in parameters:
        shapes.setdefault((p.shape[-2], p.shape[-1]), []).append(p)
    return shapes


class Muon(torch.optim.Optimizer):
    """Each parameter is a matrix or a stack of them; all of one shape are computed at once. Two processes share the work."""

    def __init__(self, parameters: Iterable, lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for (rows, columns), parameters in _by_shape(group["params"]).items():
                gradients = [p.grad for p in parameters]
                momenta = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in parameters]
                torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
                wanted = torch._foreach_lerp(gradients, momenta, group["momentum"])
                stack = torch.cat([one.view(-1, rows, columns) for one in wanted])
                directions = torch.zeros_like(stack)
                mine = slice(rank(), None, world())
                directions[mine] = orthogonalize(stack[mine])
                all_reduce(directions)
                sizes = [p.numel() // (rows * columns) for p in parameters]
                parts = [part.view_as(p) for part, p in zip(directions.split(sizes), parameters, strict=True)]
                torch._foreach_mul_(parameters, 1 - group["lr"] * WEIGHT_DECAY)
                torch._foreach_add_(parameters, parts, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)


def optimizers(model: nn.Module, lr: float, experts_rate: float = EXPERTS_RATE) -> list[torch.optim.Optimizer]:
    """`lr`: Muon's; Adam's follow it, and experts have their part of it."""
    matrices, experts, others, embedding = [], [], [], []
    for name, p in model.named_parameters():
        if name.startswith("embed"):
            embedding.append(p)
        elif p.ndim < 2 or name.endswith(("router", "taps")):
            others.append(p)
        else:
            (experts if p.ndim == 3 else matrices).append(p)
    # A quarter of the rate, four times the decay: the embedding shrinks as fast as the matrices do.
    adam = torch.optim.AdamW(
        [{"params": embedding, "lr": lr / 4, "weight_decay": 4 * WEIGHT_DECAY}, {"params": others, "lr": lr / 6, "weight_decay": 0}],
        betas=(0.9, 0.98),
        eps=1e-10,
    )
    return [Muon([{"params": matrices}, {"params": experts, "lr": experts_rate * lr}], lr), adam]
