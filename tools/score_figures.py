"""Figures of answers: ROC curves, confusion matrices, predicted against measured, losses."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from plot_run import STYLES
from prediction_files import ClassPredictions, NumberPredictions, WordLosses
from scores import confusion_matrix, number_scores, ranking_areas, roc_curve


def draw_roc(axes: Axes, answers: dict[str, ClassPredictions]) -> None:
    """ROC curves by name; of the second of two classes, or of each class against the others."""
    for index, (name, predictions) in enumerate(answers.items()):
        line = {key: STYLES[index % len(STYLES)][key] for key in ("color", "linestyle")}
        classes = predictions.classes
        for place in range(1 if len(classes) == 2 else 0, len(classes)):
            positive, score = predictions.label == place, predictions.probabilities[:, place]
            area, _ = ranking_areas(positive, score, np.ones(len(score)))
            of_class = "" if len(classes) == 2 else f", {classes[place]}"
            axes.plot(*roc_curve(positive, score), **line, label=f"{name}{of_class} ({area:.3f})")
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.set_aspect("equal")
    axes.legend(frameon=False, fontsize=7, loc="lower right", title="area under the curve")


def draw_confusion(axes: Axes, predictions: ClassPredictions, title: str) -> None:
    """Counts by true and predicted class; the darker, the larger the share of the true class."""
    counts = confusion_matrix(predictions, np.ones(len(predictions.id)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column,
            row,
            f"{counts[row, column]:.0f}\n{100 * share:.1f} %",
            ha="center",
            va="center",
            color="1.0" if share > 0.5 else "0.0",
            fontsize=8,
        )
    places = range(len(predictions.classes))
    axes.set_xticks(places, predictions.classes)
    axes.set_yticks(places, predictions.classes, rotation=90, va="center")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(title, fontsize=10)


def draw_measured(axes: Axes, predictions: NumberPredictions, title: str) -> None:
    """Each example's predicted number over its measured one, in the original scale."""
    target, predicted = predictions.target, predictions.predicted_original_scale
    known = number_scores(target, predicted, np.ones(len(target)))
    axes.scatter(target, predicted, s=6, color="0.2", alpha=0.5, linewidths=0)
    ends = [min(target.min(), predicted.min()), max(target.max(), predicted.max())]
    axes.plot(ends, ends, color="0.6", linewidth=0.8)
    axes.set_xlabel("measured")
    axes.set_ylabel("predicted")
    axes.set_title(f"{title}: r2 {known['r2']:.3f}, n = {len(target)}", fontsize=10)


def draw_losses(axes: Axes, losses: WordLosses, title: str) -> None:
    """How many examples have which loss."""
    axes.hist(losses.loss, bins=30, color="0.6", edgecolor="0.2", linewidth=0.5)
    axes.axvline(losses.loss.mean(), color="0.0", linestyle="--", linewidth=1)
    axes.set_xlabel("loss (nats, mean over an example's words)")
    axes.set_ylabel("examples")
    axes.set_title(f"{title}: mean {losses.loss.mean():.3f}, n = {len(losses.loss)}", fontsize=10)
