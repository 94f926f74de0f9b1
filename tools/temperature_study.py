"""What the sampling temperature does to artificial haplotypes: a table and a figure.

    python tools/evaluate_genomes.py --set set.h5 --split validation \\
        --compare 0.6=t06.hapt 0.8=t08.hapt 1.0=t10.hapt --output study/
    python tools/temperature_study.py study/genomes.json

The sets of genomes.json whose names are numbers are taken for temperatures; others are left out.
Measures are those against the held-out people. The figure is written as temperature.png beside
genomes.json; broken lines show what real people reach.

Two columns tell how varied the drawn rows are: `mean distance`, the sites at which two of them
differ, mean over all pairs, and `nearest drawn`, the sites at which a drawn row differs from the
nearest other drawn row, mean, which falls when rows repeat each other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

import dnagpt_files
from dnagpt_files import FileError
from evaluate_genomes import FORMAT_VERSION
from genome_tables import HELD_OUT, Tree, number, table
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt

MEASURES = {
    "discarded share": ("discarded",),
    "frequency r": ("held_out", "frequency_correlation"),
    "linkage r": ("held_out", "linkage_correlation"),
    "mean distance (sites)": ("mean_distance",),
    "nearest drawn (sites)": ("nearest_own",),
    "nearest training (sites)": ("nearest_training",),
    "adversarial accuracy": ("held_out", "adversarial_accuracy"),
}
"""Where each measure stands in the entry of a set."""


def look_up(entry: Tree, keys: Sequence[str]) -> float | None:
    """A value down a path of keys; None where it is missing or null."""
    for key in keys[:-1]:
        entry = entry.get(key, {})
    return entry.get(keys[-1])


def temperature_of(name: str) -> float | None:
    """The number that a set is named by, or None."""
    try:
        return float(name)
    except ValueError:
        return None


def by_temperature(sets: Tree) -> dict[float, dict[str, float | None]]:
    """The measures of the sets named by a number, in its order."""
    named = {temperature_of(name): entry for name, entry in sets.items()}
    return {
        temperature: {name: look_up(named[temperature], keys) for name, keys in MEASURES.items()}
        for temperature in sorted(known for known in named if known is not None)
    }


def draw(
    points: dict[float, dict[str, float | None]], real: dict[str, float | None], path: Path
) -> None:
    """One panel for each measure."""
    size = (3.2 * len(MEASURES), 3.2)
    figure, panels = plt.subplots(1, len(MEASURES), figsize=size, layout="constrained")
    for axes, name in zip(panels, MEASURES, strict=True):
        known = {t: values[name] for t, values in points.items() if values[name] is not None}
        axes.plot(list(known), list(known.values()), "o-", color="0.1", linewidth=1, markersize=4)
        if real[name] is not None:
            axes.axhline(real[name], color="0.5", linestyle="--", linewidth=1)
        if not known:
            axes.text(0.5, 0.5, "not known", ha="center", va="center", transform=axes.transAxes)
        axes.set(xlabel="temperature", ylabel=name)
        axes.grid(color="0.9", linewidth=0.5)
    save_figure(figure, path)
    plt.close(figure)


def study(path: Path, output: Path) -> None:
    """Prints the table and writes the figure."""
    result = dnagpt_files.read_result(path, FORMAT_VERSION, "tools/evaluate_genomes.py --output")
    points = by_temperature(result["sets"])
    if not points:
        raise FileError(
            f"{path} holds no set named by its temperature (its sets: "
            f"{', '.join(result['sets'])}); evaluate with --compare 0.8=FILE.hapt 1.0=FILE.hapt"
        )
    entry = result["people"][HELD_OUT] | {"held_out": result["ceiling"]["held_out"]}
    real = {name: look_up(entry, keys) for name, keys in MEASURES.items()}
    rows = [
        [label, *(number(value, ".4f") for value in values.values())]
        for label, values in [(f"{t:g}", points[t]) for t in points] + [("real people", real)]
    ]
    print(table(["temperature", *MEASURES], rows))
    draw(points, real, output)
    print(f"\n{output}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the file cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("evaluation", type=Path, help="genomes.json of tools/evaluate_genomes.py")
    parser.add_argument("--output", type=Path, help="PNG file (default: temperature.png beside it)")
    options = parser.parse_args(arguments)
    try:
        study(options.evaluation, options.output or options.evaluation.parent / "temperature.png")
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
