"""A small convolutional network over one-hot bases: the strongest of the simple baselines.

Two convolutions with pooling keep where a motif stands; a linear layer reads all places.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

CHANNELS = 48
POOL = 5
EPOCHS = 12
BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
DROPOUT = 0.4


@dataclasses.dataclass(frozen=True)
class Training:
    """Base codes (n, length) with labels (n), places among `classes` classes."""

    bases: np.ndarray
    label: np.ndarray
    classes: int
    seed: int


def one_hot(bases: np.ndarray) -> torch.Tensor:
    """float32 (n, 4, length); N is 0 in all four channels."""
    return (torch.from_numpy(bases)[:, None, :] == torch.arange(1, 5)[None, :, None]).float()


def make_network(length: int, classes: int) -> nn.Sequential:
    """Input (n, 4, length), output: logits (n, classes)."""
    return nn.Sequential(
        nn.Conv1d(4, CHANNELS, 11, padding=5),
        nn.ReLU(),
        nn.MaxPool1d(POOL, ceil_mode=True),
        nn.Dropout(DROPOUT / 2),
        nn.Conv1d(CHANNELS, CHANNELS, 7, padding=3),
        nn.ReLU(),
        nn.MaxPool1d(POOL, ceil_mode=True),
        nn.Flatten(),
        nn.Dropout(DROPOUT),
        nn.Linear(CHANNELS * math.ceil(length / POOL**2), classes),
    )


def answer(network: nn.Sequential, bases: np.ndarray) -> np.ndarray:
    """Probabilities float64 (n, classes)."""
    network.eval()
    with torch.no_grad():
        parts = [
            network(one_hot(part)) for part in np.array_split(bases, math.ceil(len(bases) / 256))
        ]
    return torch.softmax(torch.cat(parts).double(), dim=1).numpy()


def outputs_by_epoch(training: Training, asked: np.ndarray) -> Iterator[np.ndarray]:
    """After each epoch the probabilities (n, classes) for the bases (n, length) that are asked."""
    torch.manual_seed(training.seed)
    network = make_network(training.bases.shape[1], training.classes)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    label = torch.from_numpy(training.label.astype(np.int64))
    for _ in range(EPOCHS):
        network.train()
        for rows in torch.randperm(len(label)).split(BATCH):
            loss = nn.functional.cross_entropy(
                network(one_hot(training.bases[rows.numpy()])), label[rows]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield answer(network, asked)
