"""Turns embeddings into a NumPy archive.

    python tools/embeddings_npz.py embeddings.h5 --output embeddings.npz

FILE.h5 and FILE.h5.tsv are what `dnagpt embed` wrote. The archive holds an array (rows, C) for each
layer (`final`, `layer_3`), and for each row `id`, `start` and `end` (of sequences) and `position`
(-1 for a mean): np.load("embeddings.npz")["final"].
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from attention_files import read_format
from dnagpt_files import FileError


def read_index(path: Path) -> dict[str, np.ndarray]:
    """The columns of an index, by record."""
    with path.open() as file:
        lines = (line for line in file if not line.startswith("# "))
        rows = list(csv.DictReader(lines, delimiter="\t"))
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    return {
        name: np.array(values, dtype=str if name == "id" else np.int64)
        for name, values in columns.items()
    }


def row_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of the archive by name."""
    arrays, _ = read_format(path, "dnagpt embeddings")
    index = read_index(Path(f"{path}.tsv"))
    record = arrays["/record"] - arrays["/record"].min(initial=0)
    if len(index["id"]) != record.max(initial=-1) + 1:
        raise FileError(f"{path}.tsv has {len(index['id'])} rows, not a row a record of {path}")
    named = {name.lstrip("/"): values for name, values in arrays.items() if name != "/record"}
    return named | {key: index[key][record] for key in ("id", "start", "end") if key in index}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        arrays = row_arrays(options.embeddings)
    except FileError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    np.savez(options.output, **arrays)
    print(f"wrote {len(arrays['position'])} rows to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
