"""Bases as numbers, and how often each k-mer stands in a sequence.

Base codes are those of our files: N 0, A 1, G 2, C 3, T 4. k-mers over A G C T are numbered with
the first base slowest; a k-mer that holds N has no number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dnagpt_files import BASES

CHUNK_ROWS = 1000
"""Rows whose k-mers are numbered at once, so that memory stays small."""


def encode_bases(text: str) -> np.ndarray:
    """Base codes int8 (length) of a text over N A G C T."""
    codes = np.full(256, -1, np.int8)
    codes[list(BASES.encode())] = range(len(BASES))
    return codes[np.frombuffer(text.encode(), np.uint8)]


def encode_sequences(texts: Sequence[str]) -> np.ndarray:
    """Base codes int8 (sequences, longest), filled up with N on the right."""
    table = np.zeros((len(texts), max(map(len, texts))), np.int8)
    for row, text in zip(table, texts, strict=True):
        row[: len(text)] = encode_bases(text)
    return table


def kmer_numbers(bases: np.ndarray, k: int, step: int = 1) -> np.ndarray:
    """Numbers int32 (rows, places) of the k-mers that begin at 0, step, 2 step, ..; -1 with N."""
    starts = np.arange(0, bases.shape[1] - k + 1, step)
    numbers = np.zeros((len(bases), len(starts)), np.int32)
    known = np.ones(numbers.shape, bool)
    for place in range(k):
        part = bases[:, starts + place]
        numbers = numbers * 4 + (part - 1)
        known &= part > 0
    return np.where(known, numbers, -1)


def kmer_frequencies(bases: np.ndarray, k: int, step: int = 1) -> np.ndarray:
    """Shares float32 (rows, 4^k) of the k-mers without N among those that begin at 0, step, .."""
    kinds = 4**k
    shares = np.empty((len(bases), kinds), np.float32)
    for first in range(0, len(bases), CHUNK_ROWS):
        numbers = kmer_numbers(bases[first : first + CHUNK_ROWS], k, step)
        rows = np.arange(len(numbers))[:, None] * kinds
        flat = (rows + numbers)[numbers >= 0]
        counts = np.bincount(flat, minlength=len(numbers) * kinds).reshape(-1, kinds)
        sums = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        shares[first : first + len(numbers)] = counts / sums
    return shares
