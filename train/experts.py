"""The experts of a layer, computed in groups: each expert's tokens one after another."""

import torch
import torch.nn.functional as F
from compute import BLOCK, fused
from config import Config
from torch import Tensor, nn


@fused
def swiglu(gate_up: Tensor, weight: Tensor) -> Tensor:
    """gate_up: [n, 2 * f]; weight: [n]. Returns [n, f]."""
    gate, up = gate_up.float().chunk(2, dim=-1)
    return (F.silu(gate) * up * weight[:, None]).to(gate_up.dtype)


@fused
def sums_of_rows(y: Tensor, rows: Tensor) -> Tensor:
    """y: [total, hidden]; rows: [n, k]. Returns [n, hidden]."""
    return y[rows].float().sum(dim=1).to(y.dtype)


class Dispatch(torch.autograd.Function):
    """Each expert's tokens one after another. Its gradient is gathered too: adding to the same places from many is slow on a GPU."""

    @staticmethod
    def forward(ctx, u: Tensor, token: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return u.index_select(0, token)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        return sums_of_rows(grad.contiguous(), ctx.saved_tensors[0]), None, None


class Combine(torch.autograd.Function):
    """Of each token what its experts say, added up."""

    @staticmethod
    def forward(ctx, y: Tensor, token: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(token)
        return sums_of_rows(y, rows)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, ctx.saved_tensors[0]), None, None


@fused
def as_q4_0(weight: Tensor) -> Tensor:
    """What is left of weights in Q4_0: of 32 at a time, those whose largest is -8 times an f16, in whole numbers of it from -8 to 7."""
    blocks = weight.unflatten(-1, (-1, 32))
    largest = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
    scale = (largest / -8).half().float()
    quants = (torch.where(scale == 0, 0, blocks / scale) + 8.5).floor().clamp(0, 15) - 8
    return (quants * scale).flatten(-2)


class Experts(nn.Module):
    """Sigmoid router; a bias that counts for selection only keeps the experts balanced (DeepSeek-V3, §2.1.2): no auxiliary loss."""

    def __init__(self, config: Config):
        super().__init__()
        h, f, n = config.hidden_size, config.moe_intermediate_size, config.n_experts
        self.top_k = config.n_experts_per_token
        self.q4_0 = False  # the weights are used as Q4_0 would have them, and learn as if they were themselves
        self.router = nn.Parameter(torch.randn(n, h) * h**-0.5)
        self.gate_up = nn.Parameter(torch.randn(n, 2 * f, h) * 0.5 * h**-0.5)  # gate rows, then up rows
        self.down = nn.Parameter(torch.randn(n, h, f) * 0.5 * f**-0.5)
        self.register_buffer("expert_bias", torch.zeros(n))
        self.register_buffer("load", torch.zeros(n), persistent=False)  # tokens of each expert since the last balance()

    def route(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Of each token the experts, and what they weigh: [n, top_k] each."""
        scores = torch.sigmoid(u.float() @ self.router.T)
        chosen = (scores.detach() + self.expert_bias).topk(self.top_k, dim=-1).indices
        weights = scores.gather(1, chosen)
        return chosen, weights / (weights.sum(dim=-1, keepdim=True) + 1e-6)

    def used(self, weight: Tensor, dtype: torch.dtype) -> Tensor:
        return (weight + (as_q4_0(weight.detach()) - weight.detach()) if self.q4_0 else weight).to(dtype)

    def forward(self, u: Tensor) -> Tensor:
        chosen, weights = self.route(u)
        pairs, order = chosen.flatten().short().sort(stable=True)  # (token, choice) pairs by expert
        numbers = torch.arange(len(self.expert_bias), device=u.device, dtype=pairs.dtype)
        ends = torch.searchsorted(pairs, numbers, right=True)
        counts = ends.diff(prepend=ends.new_zeros(1))
        if self.training:
            self.load += counts
        # Every expert gets whole blocks of tokens, one at least: a GPU leaves the gradient of an expert without tokens as memory was.
        # Padding has weight 0.
        padded = (counts.clamp(min=1) + BLOCK - 1) // BLOCK * BLOCK
        shift = (padded.cumsum(0) - padded) - (ends - counts)
        place = torch.arange(len(pairs), device=u.device) + shift.index_select(0, pairs.int())
        # A GPU would have to be waited for to tell how many they are; what nobody's rows are is not computed, nor read.
        total = len(pairs) + len(counts) * BLOCK if u.is_cuda else int(padded.sum())
        token = order.new_zeros(total).index_copy_(0, place, order // self.top_k)
        rows = torch.empty_like(order).index_copy_(0, order, place).view_as(chosen)
        weight = weights.new_zeros(total).index_copy(0, rows.flatten(), weights.flatten())

        gate_up = grouped_linear(Dispatch.apply(u, token, rows), self.used(self.gate_up, u.dtype), padded)
        y = grouped_linear(swiglu(gate_up, weight), self.used(self.down, u.dtype), padded)
        return Combine.apply(y, token, rows)

    @torch.no_grad()
    def balance(self, rate: float) -> None:
        """Moves each bias one step: up for experts with less than their share of tokens, down for those with more."""
        self.expert_bias += rate * torch.sign(self.load.mean() - self.load)
        self.expert_bias -= self.expert_bias.mean()
        self.load.zero_()


def grouped_linear(x: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
    """x: [n, in], rows sorted by group; weight: [groups, out, in]; counts: rows of each group."""
    if x.is_cuda and x.dtype == torch.bfloat16:
        return F.grouped_mm(x, weight.transpose(1, 2), offs=counts.cumsum(0).to(torch.int32))
    return GroupedLinear.apply(x, weight, counts.tolist())


class GroupedLinear(torch.autograd.Function):
    """Writes each group's products where they belong: putting them together afterwards takes PyTorch a twentieth of a step."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, counts: list[int]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.counts = counts
        y = x.new_empty(len(x), weight.shape[1])
        for inputs, w, outputs in zip(x.split(counts), weight, y.split(counts), strict=True):
            torch.mm(inputs, w.T, out=outputs)
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        grad_x, grad_weight = torch.empty_like(x), torch.empty_like(weight)
        for i, (inputs, outputs, g) in enumerate(zip(x.split(ctx.counts), grad_x.split(ctx.counts), grad.split(ctx.counts), strict=True)):
            torch.mm(g, weight[i], out=outputs)
            torch.mm(g.T, inputs, out=grad_weight[i])
        return grad_x, grad_weight, None
