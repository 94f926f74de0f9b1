"""A pretraining epoch by epoch: where validation is best, and how it rises afterwards."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from dnagpt_files import BASES_PER_WORD, FileError, Metrics
from plot_run import STYLES
from run_folder import validation_points
from text_tables import format_value, markdown_table
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

BITS_PER_NAT = 1 / (BASES_PER_WORD * math.log(2))
"""Bits per base of a loss of one nat a word."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """Bits per base of an epoch: mean of its steps on training rows, and validation after it."""

    number: int
    training: float
    validation: float
    species: dict[str, float]


def read_epochs(metrics: Metrics, steps: int) -> list[Epoch]:
    """The epochs of a run, each of so many steps."""
    losses = {line["step"]: line["loss_next_token"] for line in metrics.steps}
    epochs = []
    for point in validation_points(metrics):
        own = [loss for step, loss in losses.items() if point.step - steps < step <= point.step]
        known = [loss for loss in own if loss is not None]
        training = BITS_PER_NAT * float(np.mean(known))
        epochs.append(Epoch(point.step // steps, training, point.score, point.by_name))
    if not epochs:
        raise FileError("the run was not validated (no evaluation in metrics.jsonl); remove it")
    return epochs


def best_epoch(epochs: Sequence[Epoch]) -> int:
    """The epoch after which validation is best."""
    return min(epochs, key=lambda epoch: epoch.validation).number


def epoch_lines(epochs: Sequence[Epoch]) -> list[str]:
    """Lines: each epoch, and how far validation (mean of the species) lies above its best."""
    best, lowest = best_epoch(epochs), min(epoch.validation for epoch in epochs)
    head = ["epoch", "training", "validation", "above the best"]
    cells = [
        [
            str(epoch.number),
            *map(format_value, (epoch.training, epoch.validation)),
            f"{epoch.validation - lowest:+.4f}",
        ]
        for epoch in epochs
    ]
    said = f"Validation is best after epoch {best} of {len(epochs)}"
    rise = f"{said} and rises by {epochs[-1].validation - lowest:.4f} until the last."
    if best == epochs[-1].number:
        rise = f"{said}, the last one: give more --epochs to see it rise."
    return [rise, "", *markdown_table([head, *cells]), ""]


def draw_epochs(survey: Sequence[Epoch], stopped: Sequence[Epoch], path: Path) -> None:
    """Means of training and validation to the left; to the right each species of the survey."""
    figure, (means, species) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    numbers = [epoch.number for epoch in survey]
    means.plot(numbers, [e.validation for e in survey], "o-", color="0.0", label="validation")
    means.plot(numbers, [e.training for e in survey], ":", color="0.0", label="training rows")
    ends = [epoch.number for epoch in stopped]
    label = "validation, schedule to the best epoch"
    means.plot(ends, [e.validation for e in stopped], "s--", color="0.5", label=label)
    means.axvline(best_epoch(survey), color="0.4", linestyle=(0, (1, 2)), linewidth=0.8)
    means.legend(frameon=False, fontsize=8)
    means.set_ylabel("bits per base (validation: mean of the species)")
    for name, style in zip(survey[0].species, STYLES, strict=False):
        lowest = min(epoch.species[name] for epoch in survey)
        above = [epoch.species[name] - lowest for epoch in survey]
        species.plot(numbers, above, label=name.replace("_", " "), markersize=4, **style)
    species.legend(frameon=False, fontsize=7)
    species.set_ylabel("validation above its best value (bits per base)")
    for axes in (means, species):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="0.9", linewidth=0.5)
    save_figure(figure, path)
    plt.close(figure)
