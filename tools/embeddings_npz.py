"""Turns embeddings into a NumPy archive.

    python tools/embeddings_npz.py embeddings.h5 --output embeddings.npz

FILE.h5 and FILE.h5.tsv are what `dnagpt embed` wrote. The archive holds an array (rows, C) for each
layer (`final`, `layer_3`), and for each row `id`, `start` and `end` (of sequences) and `position`
(-1 for a mean): np.load("embeddings.npz")["final"].
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnagpt_files import FileError
from prediction_files import read_table
from row_files import read_rows
from whole_files import written_whole


def row_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of the archive by name."""
    arrays, _ = read_rows(path, "dnagpt embeddings")
    index = read_table(Path(f"{path}.tsv"))
    record = arrays["/record"] - arrays["/record"].min(initial=0)
    if len(index["id"]) != record.max(initial=-1) + 1:
        raise FileError(f"{path}.tsv has {len(index['id'])} rows, not a row a record of {path}")
    named = {name.lstrip("/"): values for name, values in arrays.items() if name != "/record"}
    kinds = {"id": str, "start": np.int64, "end": np.int64}
    columns = {key: index[key].astype(kind) for key, kind in kinds.items() if key in index}
    return named | {key: values[record] for key, values in columns.items()}


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
        with written_whole(options.output) as partial, partial.open("wb") as file:
            np.savez(file, **arrays)
    except (FileError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"wrote {len(arrays['position'])} rows to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
