"""The shape of a model; the defaults are the committed one's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    vocab_size: int
    hidden_size: int = 256
    layers: str = "cacacacacaac"  # one letter a layer: gated short convolution, attention
    n_heads: int = 8
    n_kv_heads: int = 2
    intermediate_size: int = 768  # of the dense layers
    moe_intermediate_size: int = 64
    n_dense_layers: int = 2  # then every layer has experts
    n_experts: int = 16
    n_experts_per_token: int = 4
    rope_theta: float = 1e6
    norm_eps: float = 1e-5
    context_length: int = 2048

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.n_heads
