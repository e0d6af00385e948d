"""LFM2-MoE in plain PyTorch, for training: the mathematics of transformers' Lfm2MoeForCausalLM, with experts computed in groups.

A batch is the tokens of many examples one after another. Convolution and attention know where each begins: no example sees another.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn


BLOCK = 64  # tokens; experts and attention compute whole blocks: few different shapes, each of which oneDNN compiles once
QUERIES = 192  # of one row at a time, on CPUs


def fused(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Compiled to one loop where there is a C++ compiler: on CPUs a step is a sixth quicker (train/README.md)."""
    return torch.compile(function) if shutil.which("g++") and not torch.cuda.is_available() else function


def quick_type(device: torch.device) -> torch.dtype:
    """What to compute in: bfloat16, unless the CPU has no instructions for it and takes nearly three times as long (train/README.md)."""
    return torch.bfloat16 if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() else torch.float32


@dataclass(frozen=True)
class Config:
    vocab_size: int
    hidden_size: int = 192
    layers: str = "cacacacaac"  # one letter a layer: gated short convolution, attention
    n_heads: int = 6
    n_kv_heads: int = 2
    intermediate_size: int = 384  # of the dense layers
    moe_intermediate_size: int = 64
    n_dense_layers: int = 2  # then every layer has experts
    n_experts: int = 24
    n_experts_per_token: int = 4
    rope_theta: float = 1e6
    norm_eps: float = 1e-5
    context_length: int = 2048

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.n_heads


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
    """Examples, packed: n tokens in all. Attention sees them in groups of much the same length, as rows padded on the right."""

    ids: Tensor  # [n]
    positions: Tensor  # [n], from 0 in each example
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
        ids = torch.tensor([id for example in examples for id in example])
        positions = torch.cat([torch.arange(n) for n in lengths])
        return Batch(ids.to(device), positions.to(device), tuple(shapes), places.to(device), restore.to(device))


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
        sizes = [rows * time for rows, time in batch.groups]
        parts = zip(*(x.index_select(0, batch.places).split(sizes) for x in (q, k, v)), strict=True)
        attended = []
        for shape, part in zip(batch.groups, parts, strict=True):
            rows = [x.view(*shape, *x.shape[1:]).transpose(1, 2) for x in part]
            attended.append(attend(*rows).transpose(1, 2).reshape(len(part[0]), -1))
        return self.out_proj(torch.cat(attended).index_select(0, batch.restore))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention: [rows, heads, time, d]. On short rows PyTorch's own is up to five times slower on CPUs than two products."""
    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    queries, keys, values = (x.flatten(0, 1) for x in (q, k, v))
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


@fused
def swiglu(gate_up: Tensor, weight: Tensor) -> Tensor:
    """gate_up: [n, 2 * f]; weight: [n]. Returns [n, f]."""
    gate, up = gate_up.float().chunk(2, dim=-1)
    return (F.silu(gate) * up * weight[:, None]).to(gate_up.dtype)


class Experts(nn.Module):
    """Sigmoid router; a bias that counts for selection only keeps the experts balanced (DeepSeek-V3, §2.1.2): no auxiliary loss."""

    def __init__(self, config: Config):
        super().__init__()
        h, f, n = config.hidden_size, config.moe_intermediate_size, config.n_experts
        self.top_k = config.n_experts_per_token
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

    def forward(self, u: Tensor) -> Tensor:
        chosen, weights = self.route(u)
        pairs = chosen.flatten()
        order = pairs.argsort(stable=True)  # (token, choice) pairs by expert
        counts = torch.bincount(pairs, minlength=len(self.expert_bias))
        if self.training:
            self.load += counts
        # Every expert gets whole blocks of tokens; padding has weight 0.
        padded = (counts + BLOCK - 1) // BLOCK * BLOCK
        shift = (padded.cumsum(0) - padded) - (counts.cumsum(0) - counts)
        place = torch.arange(len(pairs), device=u.device) + shift[pairs[order]]
        total = int(padded.sum())
        token = order.new_zeros(total).index_copy_(0, place, order // self.top_k)
        weight = weights.new_zeros(total).index_copy(0, place, weights.flatten()[order])

        gate_up = grouped_linear(u.index_select(0, token), self.gate_up.to(u.dtype), padded)
        y = grouped_linear(swiglu(gate_up, weight), self.down.to(u.dtype), padded)
        return torch.zeros_like(u).index_add(0, token, y)

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

    def balance(self, rate: float) -> None:
        for layer in self.layers:
            if isinstance(layer.feed_forward, Experts):
                layer.feed_forward.balance(rate)
