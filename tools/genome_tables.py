"""Tables, in markdown, of what tools/evaluate_genomes.py finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HELD_OUT = "held-out people"
TRAINING = "training people"
Tree = dict[str, Any]
"""A part of genomes.json; keys as in docs/file_formats.md."""

COMPARISON = {
    "frequency r": ("frequency_correlation", ".4f"),
    "largest error": ("frequency_largest_error", ".3f"),
    "W components": ("wasserstein_components", ".3f"),
    "W plane": ("wasserstein_plane", ".3f"),
    "linkage r": ("linkage_correlation", ".3f"),
    "near": ("linkage_correlation_near", ".3f"),
    "linkage curve": ("linkage_curve_error", ".4f"),
    "adversarial": ("adversarial_accuracy", ".3f"),
    "real": ("adversarial_real", ".3f"),
    "own": ("adversarial_own", ".3f"),
}
"""Key and format of each column of a comparison, by its heading."""

OWN = {
    "rows": ("rows", "d"),
    "mean distance": ("mean_distance", ".1f"),
    "repeated": ("repeated", ".4f"),
    "copies": ("copies", ".4f"),
    "nearest training": ("nearest_training", ".1f"),
    "fixed sites": ("fixed_sites", "d"),
    "discarded": ("discarded", ".4f"),
    "privacy loss": ("privacy_loss", ".3f"),
}
"""The same for what a set is in itself."""


def number(value: float | None, form: str) -> str:
    """A cell of a table; '-' where there is no value."""
    return "-" if value is None else format(value, form)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown, numbers on the right."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def table_of(columns: dict[str, tuple[str, str]], entries: dict[str, Tree]) -> str:
    """A row for each entry; '-' where it lacks a key."""
    rows = [
        [name, *(number(entry.get(key), form) for key, form in columns.values())]
        for name, entry in entries.items()
    ]
    return table(["set", *columns], rows)


def comparison_table(result: Tree, part: str, ceiling: str) -> str:
    """The sets against the real people of `part`, then the other real people as `ceiling`."""
    entries = {name: entry[part] for name, entry in result["sets"].items()}
    return table_of(COMPARISON, entries | {ceiling: result["ceiling"][part]})


def print_tables(result: Tree) -> None:
    """All tables, with the size of the random draws."""
    people = result["people"]
    for part, name, ceiling in (("train", TRAINING, HELD_OUT), ("held_out", HELD_OUT, TRAINING)):
        print(f"Against the {name}, {people[name]['rows']} haplotypes:\n")
        print(comparison_table(result, part, ceiling), end="\n\n")
    print(f"In themselves, {result['sites']} sites:\n")
    print(table_of(OWN, people | result["sets"]), end="\n\n")
    draws = result["adversarial"]
    print(
        f"adversarial: means of {draws['repeats']} draws of {draws['rows']} rows of each set, "
        f"seed {draws['seed']}; columns are explained by --help"
    )
