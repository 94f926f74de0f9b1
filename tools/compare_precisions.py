"""Are the losses of float and bf16 runs further apart than those of two seeds?

    python tools/compare_precisions.py runs/float_1 runs/float_2 runs/bf16_1 runs/bf16_2

The run folders differ in run.precision and run.seed only. Losses of the next token are averaged
over windows of steps, as single steps see different rows. Printed for each window: the largest
distance between precisions at one seed, and the largest between seeds in one precision. Draws both
and exits 0 when the mean distance between precisions is the smaller one, else 1.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

import dnagpt_files
from plot_run import series
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt

Runs = dict[tuple[str, int], np.ndarray]
"""Losses of each step by (precision, seed)."""


def read_runs(folders: Sequence[Path]) -> Runs:
    """Every run's losses; all have as many steps as the shortest."""
    runs: Runs = {}
    for folder in folders:
        config = dnagpt_files.read_config(folder / "config.toml")["run"]
        key = (config["precision"], config["seed"])
        if key in runs:
            raise dnagpt_files.FileError(
                f"{folder} has precision and seed of another run {key}; give one run of each"
            )
        steps = dnagpt_files.read_metrics(folder / "metrics.jsonl").steps
        runs[key] = series(steps, "loss_next_token")[1]
    shortest = min(len(losses) for losses in runs.values())
    return {key: losses[:shortest] for key, losses in runs.items()}


def window_means(losses: np.ndarray, width: int) -> np.ndarray:
    """Means over windows of `width` steps; the last steps that fill none are left out."""
    return losses[: len(losses) // width * width].reshape(-1, width).mean(axis=1)


def largest_distance(runs: Runs, width: int, same: int) -> np.ndarray:
    """By window, over pairs of runs whose keys are equal in part `same` and not in the other.

    Part 0 is the precision, part 1 the seed.
    """
    distances = [
        np.abs(window_means(runs[a], width) - window_means(runs[b], width))
        for a, b in itertools.combinations(runs, 2)
        if a[same] == b[same] and a[1 - same] != b[1 - same]
    ]
    if not distances:
        raise dnagpt_files.FileError(
            "two precisions at one seed and two seeds in one precision are needed; "
            "give run folders that differ in run.precision and run.seed"
        )
    return np.max(distances, axis=0)


def draw(runs: Runs, between: np.ndarray, seeds: np.ndarray, width: int, path: Path) -> None:
    """Losses above, distances below."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8, 7), sharex=True, layout="constrained", height_ratios=(3, 2)
    )
    ends = width * np.arange(1, len(between) + 1)
    for (precision, seed), losses in sorted(runs.items()):
        above.plot(
            ends,
            window_means(losses, width),
            color="0.0" if precision == "float" else "0.55",
            linestyle="-" if seed == min(key[1] for key in runs) else "--",
            label=f"{precision}, seed {seed}",
        )
    above.set_ylabel(f"loss of the next token, mean of {width} steps")
    above.legend()
    below.plot(ends, seeds, "--", color="0.0", label="two seeds, one precision")
    below.plot(ends, between, "-", color="0.55", label="float and bf16, one seed")
    below.set_yscale("log")
    below.set_ylabel("largest distance")
    below.set_xlabel("step")
    below.legend()
    save_figure(figure, path, dpi=110)
    plt.close(figure)


def compare(options: argparse.Namespace) -> bool:
    """Prints and draws; true when precisions lie closer together than seeds."""
    runs = read_runs(options.runs)
    shortest = len(next(iter(runs.values())))
    if shortest < options.window:
        raise dnagpt_files.FileError(
            f"the shortest run has {shortest} steps, fewer than --window {options.window}; "
            "give a smaller window or longer runs"
        )
    between = largest_distance(runs, options.window, same=1)
    seeds = largest_distance(runs, options.window, same=0)
    print("| steps | float to bf16 | seed to seed |")
    print("|---|---|---|")
    for number, (precision, seed) in enumerate(zip(between, seeds, strict=True)):
        first = number * options.window + 1
        print(f"| {first} - {first + options.window - 1} | {precision:.4f} | {seed:.4f} |")
    print(f"| mean | {between.mean():.4f} | {seeds.mean():.4f} |")
    if options.output:
        draw(runs, between, seeds, options.window, options.output)
    return bool(between.mean() < seeds.mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 when precisions lie further apart than seeds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folder")
    parser.add_argument("--window", type=int, default=25, help="steps that are averaged")
    parser.add_argument("--output", type=Path, help="PNG file")
    options = parser.parse_args(arguments)
    try:
        return 0 if compare(options) else 1
    except dnagpt_files.FileError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
