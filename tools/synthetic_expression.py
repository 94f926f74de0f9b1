"""Made-up genes whose expression is known: does a model use both sequence and numbers?

    python tools/synthetic_expression.py --count 2000 --output synthetic.tsv.gz
    dnagpt-prep expression --table synthetic.tsv.gz --sequence-column sequence --whole-sequence \\
        --number-columns f1,f2,f3,f4,f5,f6,f7,f8 --target-column y --output synthetic.h5

Each gene has 10,500 bases: 7,000 whose GC share is uniform in 0.35 - 0.60 and 3,500 with an 8-mer
planted 0 to 8 times (its count is what stands there in the end), and eight normal numbers.

    y = z(GC of the first 7,000) + z(count of the 8-mer) + z(f1) + z(f2 f3) + noise

with noise of a tenth of y's variance: no model can explain more than 0.9 of it, none without the
sequence or without the numbers more than 0.45.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from user_block import FileError
from whole_files import written_whole

UPSTREAM, DOWNSTREAM = 7000, 3500
MOTIF = "GCTAATCG"
MOST_COPIES = 8
NUMBERS = 8
NOISE_SHARE = 0.1
"""Of the variance of y."""


def draw_bases(count: int, gc: float, random: np.random.Generator) -> str:
    """Independent bases with this expected share of G and C."""
    shares = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return "".join(random.choice(list("ACGT"), count, p=shares))


def plant(bases: str, copies: int, random: np.random.Generator) -> str:
    """Writes the 8-mer over the bases at places that do not overlap."""
    letters = list(bases)
    for slot in random.permutation(len(bases) // len(MOTIF))[:copies]:
        start = slot * len(MOTIF)
        letters[start : start + len(MOTIF)] = MOTIF
    return "".join(letters)


def gc_share(bases: str) -> float:
    """Share of G and C."""
    return (bases.count("G") + bases.count("C")) / len(bases)


def count_motif(bases: str) -> int:
    """How often the 8-mer stands there, copies that overlap counted too."""
    return sum(bases.startswith(MOTIF, at) for at in range(len(bases)))


def standardise(values: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1."""
    return (values - values.mean()) / values.std()


def make_genes(count: int, seed: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Sequences, numbers (count, 8) and y (count)."""
    random = np.random.default_rng(seed)
    sequences = []
    for _ in range(count):
        upstream = draw_bases(UPSTREAM, random.uniform(0.35, 0.60), random)
        copies = int(random.integers(0, MOST_COPIES + 1))
        downstream = draw_bases(DOWNSTREAM, 0.45, random)
        sequences.append(upstream + plant(downstream, copies, random))
    numbers = random.normal(size=(count, NUMBERS))
    gc = np.array([gc_share(each[:UPSTREAM]) for each in sequences])
    motifs = np.array([count_motif(each[UPSTREAM:]) for each in sequences], float)
    terms = [gc, motifs, numbers[:, 0], numbers[:, 1] * numbers[:, 2]]
    signal = sum(map(standardise, terms))
    noise = standardise(random.normal(size=count))
    noise_deviation = signal.std() * np.sqrt(NOISE_SHARE / (1 - NOISE_SHARE))
    return sequences, numbers, signal + noise_deviation * noise


def write_genes(path: Path, sequences: list[str], numbers: np.ndarray, y: np.ndarray) -> None:
    """A line a gene, gzip; FileError where the file cannot be written."""
    with written_whole(path) as partial, gzip.open(partial, "wt", compresslevel=1) as file:
        names = "\t".join(f"f{i + 1}" for i in range(NUMBERS))
        file.write(f"gene_id\t{names}\ty\tsequence\n")
        for row, sequence in enumerate(sequences):
            values = "\t".join(f"{value:.6f}" for value in [*numbers[row], y[row]])
            file.write(f"synthetic{row}\t{values}\t{sequence}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the table cannot be written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000, help="genes (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides the genes (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="table (.tsv.gz)")
    options = parser.parse_args(arguments)
    try:
        write_genes(options.output, *make_genes(options.count, options.seed))
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
