"""A small Llama network in PyTorch, laid out as llama.cpp's `llama` architecture reads it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """The sizes of the network."""

    vocabulary: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 768
    rope_theta: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Elements a head."""
        return self.width // self.heads


class Block(nn.Module):
    """Attention and feed-forward, each behind an RMS norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, kv_width = shape.width, shape.kv_heads * shape.head_width
        self.attn_norm = nn.RMSNorm(width, shape.norm_epsilon)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, kv_width, bias=False)
        self.attn_v = nn.Linear(width, kv_width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_norm = nn.RMSNorm(width, shape.norm_epsilon)
        self.ffn_gate = nn.Linear(width, shape.feed_forward, bias=False)
        self.ffn_up = nn.Linear(width, shape.feed_forward, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """One layer over `x` (batch, length, width); `cos` and `sin` are (batch, 1, length, head width / 2)."""
        batch, length, _ = x.shape
        y = self.attn_norm(x)
        query = _rotate(self._split(self.attn_q(y), self.shape.heads), cos, sin)
        key = _rotate(self._split(self.attn_k(y), self.shape.kv_heads), cos, sin)
        value = self._split(self.attn_v(y), self.shape.kv_heads)
        groups = self.shape.heads // self.shape.kv_heads
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        scores = (query @ key.mT) * self.shape.head_width**-0.5 + _past_only(length, query)
        mixed = scores.softmax(-1) @ value
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, -1))
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))

    def _split(self, x: Tensor, heads: int) -> Tensor:
        return x.view(x.shape[0], x.shape[1], heads, self.shape.head_width).transpose(1, 2)


class Network(nn.Module):
    """Token ids to next-token logits, with the embedding tied to the output."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        half = torch.arange(0, shape.head_width, 2).float() / shape.head_width
        self.register_buffer("frequencies", shape.rope_theta**-half, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * shape.layers) ** 0.5 if residual else 0.02)

    def forward(self, ids: Tensor, positions: Tensor, chosen: Tensor) -> Tensor:
        """Logits at the `chosen` places (a boolean mask over `ids`), for ids at the given rope positions."""
        angles = positions[:, None, :, None].float() * self.frequencies.float()
        kind = self.token_embd.weight.dtype
        cos, sin = angles.cos().to(kind), angles.sin().to(kind)
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, cos, sin)
        return self.output_norm(x[chosen]) @ self.token_embd.weight.T


def _past_only(length: int, like: Tensor) -> Tensor:
    """Minus infinity above the diagonal. PyTorch's own fused attention takes nearly twice as long in bfloat16 on a CPU."""
    return torch.full((length, length), float("-inf"), dtype=like.dtype, device=like.device).triu(1)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
