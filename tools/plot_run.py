"""Draws a run folder: losses, learning rate, gradient norm, throughput, validation scores.

    python tools/plot_run.py runs/tiny

Reads metrics.jsonl of the folder and writes run.png into it. Readable without colours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import matplotlib as mpl
import numpy as np

import dnagpt_files
from run_folder import validation_label, validation_points
from whole_files import written_whole

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

LOSSES = {
    "loss": "total",
    "loss_next_token": "next token",
    "loss_gc": "GC (squared error)",
    "loss_order": "order",
}
STYLES = [
    {"color": color, "linestyle": line, "marker": marker}
    for color, line, marker in zip(
        ("0.0", "0.3", "0.5", "0.0", "0.3", "0.5", "0.0", "0.3", "0.5"),
        ("-", "--", "-.", ":", "-", "--", "-.", ":", "-"),
        ("o", "s", "^", "v", "D", "x", "+", "*", "<"),
        strict=True,
    )
]
SMOOTHED_FROM = 200
"""Steps from which a running mean is drawn over the single steps."""


def series(entries: Sequence[dict], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of a key; entries where it is missing or null are left out."""
    points = [(entry["step"], entry[key]) for entry in entries if entry.get(key) is not None]
    steps, values = zip(*points, strict=True) if points else ((), ())
    return np.array(steps, dtype=int), np.array(values, dtype=float)


def running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of up to `width` values that end at each value."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - width, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def draw_series(axes: Axes, entries: Sequence[dict], key: str, smooth: bool = True) -> bool:
    """One key over the steps, with a running mean where there are many; false without values."""
    steps, values = series(entries, key)
    if len(steps) == 0:
        return False
    if len(steps) < SMOOTHED_FROM or not smooth:
        axes.plot(steps, values, color="0.1", linewidth=1.2)
        return True
    width = len(steps) // 50
    axes.plot(steps, values, color="0.75", linewidth=0.6, label="each step")
    mean = running_mean(values, width)
    axes.plot(steps, mean, color="0.1", linewidth=1.4, label=f"mean of {width} steps")
    axes.legend(frameon=False, fontsize=7)
    return True


def finish(axes: Axes, label: str, drawn: bool, restarts: Sequence[int]) -> None:
    """Labels one plot, marks restarts, and says so where nothing was measured."""
    axes.set_xlabel("optimizer step")
    axes.set_ylabel(label)
    axes.grid(color="0.9", linewidth=0.5)
    if not drawn:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)
    for step in restarts:
        axes.axvline(step, color="0.4", linestyle=(0, (1, 2)), linewidth=0.8)


def draw_losses(axes: Sequence[Axes], metrics: dnagpt_files.Metrics) -> None:
    """The total loss and each task's, one plot each."""
    for axis, (key, name) in zip(axes, LOSSES.items(), strict=True):
        unit = "" if key == "loss_gc" else " (nats)"
        finish(axis, f"loss, {name}{unit}", draw_series(axis, metrics.steps, key), metrics.restarts)


def draw_validation(axes: Axes, metrics: dnagpt_files.Metrics) -> None:
    """Validation over the steps: bits per base by species, or the scores of labelled sets."""
    points = validation_points(metrics)
    names = sorted({name for point in points for name in point.by_name})
    for index, name in enumerate(names):
        values = [{"step": point.step, name: point.by_name.get(name)} for point in points]
        style = STYLES[index % len(STYLES)]
        label = name.replace("_", " ")
        axes.plot(*series(values, name), label=label, linewidth=1, markersize=4, **style)
    scores = series([vars(point) for point in points], "score")
    axes.plot(*scores, color="0.0", linewidth=2.5, label="mean or overall score")
    label = f"validation ({validation_label(metrics.evaluations)})"
    finish(axes, label, bool(names), metrics.restarts)
    if names:
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)}
        axes.legend(frameon=False, fontsize=7, ncols=3, **below)


def draw_run(metrics: dnagpt_files.Metrics, title: str, output: Path | IO[bytes]) -> None:
    """Writes the page of plots as a PNG."""
    figure, grid = plt.subplots(2, 4, figsize=(18, 8), layout="constrained")
    draw_losses(grid[0], metrics)
    rate, norm, throughput, validation = grid[1]
    draw_validation(validation, metrics)
    for axes, key, label in (
        (rate, "learning_rate", "learning rate"),
        (norm, "grad_norm", "gradient norm before clipping"),
        (throughput, "tokens_per_second", "throughput (tokens per second)"),
    ):
        drawn = draw_series(axes, metrics.steps, key, smooth=key != "learning_rate")
        finish(axes, label, drawn, metrics.restarts)
    norms = series(metrics.steps, "grad_norm")[1]
    if len(norms) and (norms > 0).all():
        norm.set_yscale("log")
    throughput.set_ylim(bottom=0)
    marks = "; dotted upright lines: resumed or rolled back" if metrics.restarts else ""
    figure.suptitle(f"{title}{marks}")
    figure.savefig(output, dpi=130, format="png")
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where there is nothing to draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run folder with metrics.jsonl")
    parser.add_argument("--output", type=Path, help="PNG file (default: run.png in the folder)")
    options = parser.parse_args(arguments)
    output = options.output or options.run / "run.png"
    try:
        metrics = dnagpt_files.read_metrics(options.run / "metrics.jsonl")
        if not metrics.steps:
            raise dnagpt_files.FileError(f"{options.run} has no finished step yet; train first")
        with written_whole(output) as partial:
            draw_run(metrics, options.run.resolve().name, partial)
    except dnagpt_files.FileError as error:
        print(error, file=sys.stderr)
        return 1
    print(output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
