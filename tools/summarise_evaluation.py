"""Prints the table of an evaluation: bits per base by species, Markov beside it, GC and order.

    python tools/summarise_evaluation.py runs/tiny/evaluation.json

Below the table stand the species whose bits per base lie above a Markov model's, with the distance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dnagpt_files
from text_tables import aligned_table

COLUMNS: dict[str, tuple[tuple[str, ...], str]] = {
    "bits/base": (("bits_per_base",), ".4f"),
    "novel": (("bits_per_base_novel",), ".4f"),
    "Markov 1": (("markov", "order_1"), ".4f"),
    "Markov 2": (("markov", "order_2"), ".4f"),
    "GC error": (("gc_mean_absolute_error",), ".2f"),
    "GC R2": (("gc_r2",), ".3f"),
    "order acc.": (("order_accuracy",), ".3f"),
    "order n": (("order_count",), ".0f"),
    "bases": (("bases",), ",.0f"),
}
"""Heading of each column, where its value stands in a species' entry, and its format."""

SUMS = ("order n", "bases")
"""Columns whose mean over species says nothing."""

LEGEND = (
    "bits/base: bits per base on {split}; novel: on bases under no 32-mer of the training split; "
    "Markov 1, Markov 2: models of that order fitted on the same training split; GC error: mean "
    "absolute error of the GC content in percentage points; order acc.: share of right "
    "answers among order n windows."
)


def look_up(entry: dict[str, Any], keys: Sequence[str]) -> float | None:
    """A value down a path of keys; None where it is missing or null."""
    value: Any = entry
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def table_rows(evaluation: dict[str, Any]) -> list[tuple[str, dict[str, float | None]]]:
    """Name and values by heading of each species, and of their mean."""
    entries = list(evaluation.get("species", {}).items())
    entries.append(("mean", evaluation.get("mean", {})))
    return [
        (name, {heading: look_up(entry, keys) for heading, (keys, _) in COLUMNS.items()})
        for name, entry in entries
    ]


def format_table(rows: list[tuple[str, dict[str, float | None]]]) -> list[str]:
    """Lines of the table; a column without any value is left out, a missing value is '-'."""
    headings = [h for h in COLUMNS if any(values[h] is not None for _, values in rows)]
    cells = [["species", *headings]]
    for name, values in rows:
        row = [name.replace("_", " ")]
        for heading in headings:
            value = values[heading]
            unknown = value is None or (name == "mean" and heading in SUMS)
            row.append("-" if unknown else format(value, COLUMNS[heading][1]))
        cells.append(row)
    lines = aligned_table(cells)
    return [*lines[:-1], lines[1], lines[-1]]


def compare_with_markov(rows: list[tuple[str, dict[str, float | None]]], heading: str) -> str:
    """One line: which species lie above a Markov column, and by how many bits per base."""
    known = [
        (name.replace("_", " "), values["bits/base"] - values[heading])
        for name, values in rows
        if name != "mean" and values["bits/base"] is not None and values[heading] is not None
    ]
    if not known:
        return f"{heading}: not measured"
    above = [f"{name} (+{distance:.4f})" for name, distance in known if distance > 0]
    return f"above {heading}: {', '.join(above) if above else 'no species'} (of {len(known)})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the file cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("evaluation", type=Path, help="evaluation.json of `dnagpt evaluate`")
    options = parser.parse_args(arguments)
    try:
        evaluation = dnagpt_files.read_evaluation(options.evaluation)
    except dnagpt_files.FileError as error:
        print(error, file=sys.stderr)
        return 1
    rows = table_rows(evaluation)
    split = evaluation.get("split", "validation")
    print(f"step {evaluation.get('step', '?')}, split {split}\n")
    print("\n".join(format_table(rows)))
    print()
    print(compare_with_markov(rows, "Markov 1"))
    print(compare_with_markov(rows, "Markov 2"))
    print(LEGEND.format(split=split))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
