"""LFM2-MoE in plain PyTorch, for training: the mathematics of transformers' Lfm2MoeForCausalLM, with experts computed in groups.

A batch is the tokens of many examples one after another. Convolution and attention know where each begins: no example sees another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import torch
import torch.nn.functional as F
from compute import BLOCK, fused
from config import Config
from experts import Experts
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn

QUERIES = 192  # of one row at a time, on CPUs


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


@fused
def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return F.rms_norm(x.float(), weight.shape, weight, eps).to(x.dtype)


class Linear(nn.Linear):
    """Weights stay f32; the product has the type of x."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.to(x.dtype))


@dataclass(frozen=True)
class Batch:
    """Examples, packed: n tokens in all. On CPUs attention sees them in groups of much the same length, as rows padded on the right."""

    ids: Tensor  # [n]
    positions: Tensor  # [n], from 0 in each example
    starts: Tensor  # where each example begins, and n; i32
    longest: int  # example's tokens
    groups: tuple[tuple[int, int], ...]  # rows and time
    places: Tensor  # of the groups' tokens in the batch, flat and one after another; any place where a row is padding
    restore: Tensor  # [n]: where each token is in `places`

    @staticmethod
    def pack(examples: Sequence[Sequence[int]], device: torch.device | str = "cpu", group_tokens: int = 1024) -> "Batch":
        lengths = [len(example) for example in examples]
        starts = [0, *accumulate(lengths)]
        groups: list[list[int]] = []
        for i in sorted(range(len(examples)), key=lambda i: -lengths[i]):
            if not groups or len(groups[-1]) * lengths[groups[-1][0]] >= group_tokens:
                groups.append([])
            groups[-1].append(i)
        shapes = [(len(group), -(-lengths[group[0]] // BLOCK) * BLOCK) for group in groups]
        places = torch.zeros(sum(rows * time for rows, time in shapes), dtype=torch.long)
        restore, at = torch.empty(starts[-1], dtype=torch.long), 0
        for group, (_, time) in zip(groups, shapes, strict=True):
            for i in group:
                places[at : at + lengths[i]] = torch.arange(starts[i], starts[i + 1])
                restore[starts[i] : starts[i + 1]] = torch.arange(at, at + lengths[i])
                at += time
        ids = torch.from_numpy(np.array([id for example in examples for id in example]))
        positions = torch.cat([torch.arange(n) for n in lengths])
        batch = Batch(ids, positions, torch.tensor(starts, dtype=torch.int32), max(lengths), tuple(shapes), places, restore)
        return batch.to(device)

    def to(self, device: torch.device | str) -> "Batch":
        moved = {name: value.to(device, non_blocking=True) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **moved)


class ShortConv(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        h = config.hidden_size
        self.in_proj = Linear(h, 3 * h)
        self.taps = nn.Parameter(torch.randn(h, 3) * 3**-0.5)  # the last is the current token's
        self.out_proj = Linear(h, h)

    def forward(self, u: Tensor, positions: Tensor) -> Tensor:
        return self.out_proj(gated_conv(self.in_proj(u), self.taps, positions))


@fused
def gated_conv(bcx: Tensor, taps: Tensor, positions: Tensor) -> Tensor:
    """bcx: [n, 3 * hidden]; taps: [hidden, 3]."""
    b, c, x = bcx.float().chunk(3, dim=-1)
    g = b * x
    y = g * taps[:, 2]
    for back in (1, 2):
        earlier = F.pad(g[:-back], (0, 0, back, 0)) * (positions >= back)[:, None]
        y = y + earlier * taps[:, 2 - back]
    return (c * y).to(bcx.dtype)


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        h, d = config.hidden_size, config.head_dim
        self.head_dim = d
        self.q_proj = Linear(h, config.n_heads * d)
        self.k_proj = Linear(h, config.n_kv_heads * d)
        self.v_proj = Linear(h, config.n_kv_heads * d)
        self.out_proj = Linear(config.n_heads * d, h)
        self.q_layernorm = RMSNorm(d, config.norm_eps)
        self.k_layernorm = RMSNorm(d, config.norm_eps)

    def forward(self, u: Tensor, batch: Batch, cos: Tensor, sin: Tensor) -> Tensor:
        q = rotate(self.q_layernorm(self.q_proj(u).view(len(u), -1, self.head_dim)), cos, sin)  # [n, heads, d]
        k = rotate(self.k_layernorm(self.k_proj(u).view(len(u), -1, self.head_dim)), cos, sin)
        v = self.v_proj(u).view(len(u), -1, self.head_dim)
        if q.is_cuda:  # in bfloat16
            bounds = (batch.starts, batch.starts, batch.longest, batch.longest)
            return self.out_proj(varlen_attn(q, *repeated(q, k, v), *bounds, window_size=(-1, 0)).flatten(1))
        sizes = [rows * time for rows, time in batch.groups]
        parts = zip(*(x.index_select(0, batch.places).split(sizes) for x in (q, k, v)), strict=True)
        attended = []
        for shape, part in zip(batch.groups, parts, strict=True):
            rows = [x.view(*shape, *x.shape[1:]).transpose(1, 2) for x in part]
            attended.append(attend(*rows).transpose(1, 2).reshape(len(part[0]), -1))
        return self.out_proj(torch.cat(attended).index_select(0, batch.restore))


def repeated(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values for each head of the queries: [a, heads, …]."""
    repeats = q.shape[1] // k.shape[1]
    return k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention: [rows, heads, time, d]. On short rows PyTorch's own is up to five times slower on CPUs than two products."""
    queries, keys, values = (x.flatten(0, 1) for x in (q, *repeated(q, k, v)))
    future = torch.full((QUERIES, QUERIES), float("-inf"), dtype=q.dtype).triu(1)
    attended = []
    for start in range(0, q.shape[2], QUERIES):  # what is still to come is not computed
        end = min(start + QUERIES, q.shape[2])
        mask = F.pad(future[: end - start, : end - start], (start, 0))
        scores = torch.baddbmm(mask, queries[:, start:end], keys[:, :end].transpose(1, 2), alpha=q.shape[3] ** -0.5)
        attended.append(scores.softmax(-1) @ values[:, :end])
    return torch.cat(attended, dim=1).view_as(q)


@fused
def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x: [n, heads, d]; cos, sin: [n, 1, d/2]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class DenseFeedForward(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.w1 = Linear(config.hidden_size, config.intermediate_size)
        self.w3 = Linear(config.hidden_size, config.intermediate_size)
        self.w2 = Linear(config.intermediate_size, config.hidden_size)

    def forward(self, u: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(u)) * self.w3(u))


class Layer(nn.Module):
    def __init__(self, config: Config, i: int):
        super().__init__()
        self.operator_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.ffn_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.conv = ShortConv(config) if config.layers[i] == "c" else None
        self.self_attn = Attention(config) if config.layers[i] == "a" else None
        self.feed_forward = DenseFeedForward(config) if i < config.n_dense_layers else Experts(config)

    def forward(self, h: Tensor, batch: Batch, cos: Tensor, sin: Tensor) -> Tensor:
        u = self.operator_norm(h)
        h = h + (self.conv(u, batch.positions) if self.conv else self.self_attn(u, batch, cos, sin))
        return h + self.feed_forward(self.ffn_norm(h))


class Model(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(len(config.layers)))
        self.embedding_norm = RMSNorm(config.hidden_size, config.norm_eps)  # the final norm, for all its name
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for layer in self.layers:
            operator = layer.conv or layer.self_attn
            nn.init.zeros_(operator.out_proj.weight)
            ff = layer.feed_forward
            nn.init.zeros_(ff.w2.weight if isinstance(ff, DenseFeedForward) else ff.down)

    def hidden(self, batch: Batch, dtype: torch.dtype = torch.float32) -> Tensor:
        """What the head reads: [n, hidden]."""
        half = self.config.head_dim // 2
        frequencies = self.config.rope_theta ** (-torch.arange(half, device=batch.ids.device) / half)
        angle = batch.positions[:, None, None] * frequencies
        cos, sin = angle.cos().to(dtype), angle.sin().to(dtype)
        h = F.embedding(batch.ids, self.embed_tokens.weight.to(dtype))
        for layer in self.layers:
            h = layer(h, batch, cos, sin)
        return self.embedding_norm(h)

    def forward(self, batch: Batch, dtype: torch.dtype = torch.float32) -> Tensor:
        """Logits: [n, vocabulary]."""
        return self.head(self.hidden(batch, dtype))

    def head(self, h: Tensor) -> Tensor:
        return F.linear(h, self.embed_tokens.weight.to(h.dtype))

    @property
    def experts(self) -> list[Experts]:
        """Of the layers that have them."""
        return [layer.feed_forward for layer in self.layers if isinstance(layer.feed_forward, Experts)]
