"""Figures of artificial haplotypes beside real ones; readable without colours."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from genome_measures import Distances
from plot_run import STYLES
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PANEL_INCHES = 3.4
DRAWN_ROWS = 2000
"""Haplotypes of a set that are drawn at most, evenly picked."""


def draw_grid(rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """A figure of square panels (rows, columns)."""
    size = (PANEL_INCHES * columns, PANEL_INCHES * rows)
    return plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG and lets go of it."""
    save_figure(figure, path)
    plt.close(figure)


def draw_frequencies(real: np.ndarray, others: dict[str, np.ndarray], path: Path) -> None:
    """Allele frequencies (S) of each set over those of the training people."""
    figure, grid = draw_grid(1, len(others))
    for axes, (name, values) in zip(grid[0], others.items(), strict=True):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
        axes.plot(real, values, ".", color="0.1", markersize=2)
        axes.set(title=name, xlabel="frequency, training people", ylabel="frequency, this set")
    save(figure, path)


def picked(scores: np.ndarray) -> np.ndarray:
    """At most DRAWN_ROWS of the rows."""
    return scores[:: max(1, -(-len(scores) // DRAWN_ROWS))]


def draw_plane(axes: Axes, real: np.ndarray, other: np.ndarray, first: int) -> None:
    """Two components of scores (rows, K): training people grey, the set's rows black."""
    for scores, style in (
        (real, {"marker": "o", "color": "0.75", "markersize": 3, "label": "training people"}),
        (other, {"marker": ".", "color": "0.0", "markersize": 1.5, "label": "this set"}),
    ):
        shown = picked(scores)
        axes.plot(shown[:, first], shown[:, first + 1], linestyle="none", **style)
    axes.set_xlabel(f"component {first + 1} (standard deviations)")
    axes.set_ylabel(f"component {first + 2} (standard deviations)")


def draw_components(real: np.ndarray, others: dict[str, np.ndarray], path: Path) -> None:
    """Components 1 and 2 above, 3 and 4 below, a column for each set."""
    planes = [first for first in (0, 2) if first + 1 < real.shape[1]]
    figure, grid = draw_grid(max(len(planes), 1), len(others))
    for row, first in zip(grid, planes, strict=False):
        for axes, (name, scores) in zip(row, others.items(), strict=True):
            draw_plane(axes, real, scores, first)
            axes.set_title(name)
    grid[0, 0].legend(frameon=False, fontsize=7)
    save(figure, path)


def draw_linkage(distances: Distances, curves: dict[str, np.ndarray], path: Path) -> None:
    """Mean r2 over the distance of two sites, a line for each set."""
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for number, (name, curve) in enumerate(curves.items()):
        style = STYLES[number % len(STYLES)] | {"markevery": (3 * number, 40)}
        axes.plot(distances.middles, curve, label=name, linewidth=1, markersize=4, **style)
    if distances.unit == "kb":
        axes.set_xscale("log")
    axes.set_xlabel(f"distance of two sites ({distances.unit})")
    axes.set_ylabel("mean r2")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    save(figure, path)
