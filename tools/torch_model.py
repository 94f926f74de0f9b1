"""The model and its pretraining loss in torch, written from their description and not from the C++.

GPT-2 style blocks with the layer norm in front, no biases, tanh GELU, learned positions, two heads
and a number embedding. The keys of state_dict() are the tensor names of published weight files.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional

NO_TARGET = -1
"""A next-token target that carries no loss; also the token of a position that holds a number."""

LAYER_NORM_EPS = 1e-5


@dataclasses.dataclass(frozen=True)
class ModelShape:
    """Sizes: layers L, heads H, channels C, context T in positions, vocabulary V in tokens."""

    layers: int
    heads: int
    channels: int
    context: int
    vocabulary: int


PRESETS: dict[str, tuple[ModelShape, int]] = {
    "dnagpt_h": (ModelShape(12, 12, 768, 4096, 15_659), 113_925_120),
    "dnagpt_m": (ModelShape(12, 12, 768, 4096, 15_659), 113_925_120),
    "dnagpt_s_512": (ModelShape(12, 12, 768, 512, 19_564), 117_170_688),
    "dnagpt_b_512": (ModelShape(60, 64, 2048, 512, 19_564), 3_113_922_560),
}
"""Shape and published number of parameters of each preset."""


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """Weights of the order and the GC task beside the next-token task, whose weight is 1."""

    order: float = 0.1
    gc: float = 0.01


@dataclasses.dataclass(frozen=True)
class Losses:
    """Each task's mean over its targets, and their weighted sum. GC is in squared target units."""

    total: torch.Tensor
    next_token: torch.Tensor
    order: torch.Tensor
    gc: torch.Tensor


def layer_norm(channels: int) -> nn.LayerNorm:
    """Layer norm with a weight and no bias."""
    return nn.LayerNorm(channels, eps=LAYER_NORM_EPS, bias=False)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Linear layer without bias; weight (outputs, inputs)."""
    return nn.Linear(inputs, outputs, bias=False)


class Attention(nn.Module):
    """Causal self-attention; c_attn gives query, key and value, in this order."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.c_attn = linear(shape.channels, 3 * shape.channels)
        self.c_proj = linear(shape.channels, shape.channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x and result: (B, T, C)."""
        rows, length, channels = x.shape
        qkv = self.c_attn(x).view(rows, length, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) / math.sqrt(channels // self.heads)
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(future, -math.inf).softmax(-1)
        return self.c_proj((weights @ value).transpose(1, 2).reshape(rows, length, channels))


class Mlp(nn.Module):
    """Linear C to 4C, tanh GELU, linear 4C to C."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.c_fc = linear(shape.channels, 4 * shape.channels)
        self.c_proj = linear(4 * shape.channels, shape.channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x and result: (B, T, C)."""
        return self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """Attention and MLP, each behind a layer norm and added to the residual stream."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.ln_1 = layer_norm(shape.channels)
        self.attn = Attention(shape)
        self.ln_2 = layer_norm(shape.channels)
        self.mlp = Mlp(shape)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x and result: (B, T, C)."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


def head(inputs: int, channels: int, outputs: int) -> nn.Sequential:
    """Linear, SiLU, layer norm, linear: both heads and the number embedding have this form."""
    return nn.Sequential(
        linear(inputs, channels), nn.SiLU(), layer_norm(channels), linear(channels, outputs)
    )


class DnaGpt(nn.Module):
    """The whole model; the keys of state_dict() are the names in published weight files."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        channels = shape.channels
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(shape.vocabulary, channels),
                "wpe": nn.Embedding(shape.context, channels),
                "h": nn.ModuleList(Block(shape) for _ in range(shape.layers)),
                "ln_f": layer_norm(channels),
            }
        )
        self.mlm_head = head(channels, channels, shape.vocabulary)
        self.num_regression = head(channels, channels, 1)
        self.number_embedding = head(1, channels, channels)

    def forward(
        self,
        tokens: torch.Tensor,
        numbers_position: torch.Tensor,
        numbers_value: torch.Tensor,
        regression_position: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (B, T, V) and one regression value per regression_position.

        tokens: (B, T), NO_TARGET where a number stands. Positions are flat, row * T + column.
        """
        rows, length = tokens.shape
        x = self.transformer["wte"](tokens.clamp(min=0)).reshape(rows * length, -1)
        numbers = self.number_embedding(numbers_value[:, None])
        x = x.index_copy(0, numbers_position, numbers).view(rows, length, -1)
        x = x + self.transformer["wpe"](torch.arange(length, device=tokens.device))
        for block in self.transformer["h"]:
            x = block(x)
        x = self.transformer["ln_f"](x)
        at_regression = x.reshape(rows * length, -1)[regression_position]
        return self.mlm_head(x), self.num_regression(at_regression)[:, 0]


def parameter_count(shape: ModelShape) -> int:
    """Number of parameters of a model of this shape; takes no memory for them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in DnaGpt(shape).parameters())


def mean_or_zero(values: torch.Tensor) -> torch.Tensor:
    """Mean; 0 without values: a task without targets is left out of the loss."""
    return values.mean() if values.numel() else values.sum()


def multi_task_loss(
    logits: torch.Tensor,
    regression: torch.Tensor,
    batch: dict[str, torch.Tensor],
    weights: LossWeights,
) -> Losses:
    """CE_next / n_next + order * CE_order / n_order + gc * SSE_gc / n_gc; natural logarithms."""
    flat = logits.flatten(0, 1)
    targets = batch["targets"].flatten()
    counted = targets != NO_TARGET
    next_token = mean_or_zero(
        functional.cross_entropy(flat[counted], targets[counted], reduction="none")
    )
    at_order = flat[batch["order_position"]]
    order = mean_or_zero(
        functional.cross_entropy(at_order, batch["order_target"], reduction="none")
    )
    gc = mean_or_zero((regression - batch["regression_target"]) ** 2)
    return Losses(next_token + weights.order * order + weights.gc * gc, next_token, order, gc)
