"""Reads what `dnagpt attention` writes (docs/file_formats.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnagpt_files import BASES_PER_WORD, FileError
from row_files import read_rows


@dataclass(frozen=True)
class MeanAttention:
    """How much the position of the answer attends to each position, the mean over a set."""

    classes: list[str]
    layers: list[int]
    mean: np.ndarray
    """(classes, layers, heads, positions)"""
    count: np.ndarray
    """(classes): examples"""
    first_word: int
    """Position of the sequence's first word."""
    words: int

    def word_centres(self) -> np.ndarray:
        """The middle of each word in the sequence (bp)."""
        return BASES_PER_WORD * np.arange(self.words) + BASES_PER_WORD / 2

    def of_words(self) -> np.ndarray:
        """The share of each word: (classes, layers, heads, words)."""
        return self.mean[..., self.first_word : self.first_word + self.words]

    def mass_within(self, centre: float, distance: float) -> np.ndarray:
        """The share of words whose middle is that near to a place: (classes, layers, heads)."""
        near = np.abs(self.word_centres() - centre) <= distance
        return self.of_words()[..., near].sum(axis=-1)


def read_mean_attention(path: Path) -> MeanAttention:
    """The file of `dnagpt attention --set`."""
    arrays, settings = read_rows(path, "dnagpt mean attention")
    layers = sorted(set(arrays["/layer"].tolist()))
    heads = len(set(arrays["/head"].tolist()))
    shape = (len(settings["classes"]), len(layers), heads, -1)
    order = np.lexsort((arrays["/head"], arrays["/layer"], arrays["/class"]))
    return MeanAttention(
        settings["classes"],
        layers,
        arrays["/mean"][order].reshape(shape),
        arrays["/count"][order].reshape(shape[:3])[:, 0, 0],
        settings["first_word"],
        settings["words"],
    )


def read_map(path: Path, record: int, layer: int) -> np.ndarray:
    """The maps of one record in one layer: (heads, positions that look, positions)."""
    arrays, _ = read_rows(path, "dnagpt attention")
    own = (arrays["/record"] == record) & (arrays["/layer"] == layer)
    if not own.any():
        known = sorted(set(arrays["/layer"].tolist()))
        last = arrays["/record"].max(initial=-1)
        raise FileError(f"{path} holds records 0 to {last} and layers {known}; choose among them")
    heads = len(set(arrays["/head"][own].tolist()))
    rows = arrays["/attention"][own]
    length = int(arrays["/position"][own].max()) + 1
    return rows.reshape(heads, len(rows) // heads, -1)[..., :length]
