"""Scores of answers, with intervals by resampling groups of examples.

The names are those of evaluation.json (docs/file_formats.md). Every score takes weights: how often
each example was drawn. With two classes the second is the positive one: F1, precision, recall and
the areas are its own; with more they are means over the classes, each against the others: of the
areas over all classes, of the others over those that have examples. A score that is not defined (an
area without a positive example, the correlation with a constant) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from prediction_files import ClassPredictions, Predictions

CLASS_SCORES = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "mcc",
    "precision",
    "recall",
    "auroc",
    "auprc",
)
NUMBER_SCORES = (
    "r2",
    "r2_residual",
    "spearman",
    "mean_absolute_error",
    "root_mean_squared_error",
)
RESAMPLES = 1000
"""Draws for an interval."""

Scores = dict[str, float]
ScoreFunction = Callable[[np.ndarray], Scores]
"""Scores for given weights (n)."""


def ratio(numerator: np.ndarray | float, denominator: np.ndarray | float) -> np.ndarray:
    """A quotient, 0 where the denominator is 0."""
    safe = np.where(denominator == 0, 1, denominator)
    return np.where(denominator == 0, 0.0, numerator / safe)


# ---------------------------------------------------------------------------- classes


def confusion_matrix(predictions: ClassPredictions, weights: np.ndarray) -> np.ndarray:
    """Weight (K, K) of the examples by true class (row) and predicted class (column)."""
    count = len(predictions.classes)
    places = predictions.label * count + predictions.predicted
    return np.bincount(places, weights, minlength=count * count).reshape(count, count)


def matthews_correlation(confusion: np.ndarray) -> float:
    """MCC for any number of classes; 0 where only one class is there or predicted."""
    total, right = confusion.sum(), np.trace(confusion)
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    spread = np.sqrt((total**2 - (predicted**2).sum()) * (total**2 - (true**2).sum()))
    return float(ratio(right * total - (true * predicted).sum(), spread))


def ranked_sums(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the false and of the true positives (thresholds) from the strictest threshold on.

    Examples of equal score fall together; the first entry, above all scores, is 0.
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    sums = [np.cumsum(np.where(side, weights, 0)[order])[ends] for side in (~positive, positive)]
    false, true = (np.concatenate([[0.0], part]) for part in sums)
    return false, true


def ranking_areas(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Area under the ROC curve, and average precision (area under precision over recall).

    The second needs no negative example: without one every precision is 1.
    """
    false, true = ranked_sums(positive, score, weights)
    pairs = true[-1] * false[-1]
    area = np.trapezoid(true, false) / pairs if pairs else np.nan
    precision = ratio(true[1:], true[1:] + false[1:])
    average = (np.diff(true) * precision).sum() / true[-1] if true[-1] else np.nan
    return float(area), float(average)


def roc_curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate (thresholds), both from 0 to 1."""
    false, true = ranked_sums(positive, score, np.ones(len(score)))
    return ratio(false, false[-1]), ratio(true, true[-1])


def class_scores(predictions: ClassPredictions, weights: np.ndarray) -> Scores:
    """CLASS_SCORES of the predicted classes and of the ranking by probability."""
    confusion = confusion_matrix(predictions, weights)
    hits, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    recall, precision = ratio(hits, true), ratio(hits, predicted)
    f1 = ratio(2 * hits, true + predicted)
    two = len(confusion) == 2
    asked = np.array([1]) if two else np.flatnonzero(true > 0)
    areas = [
        ranking_areas(predictions.label == place, predictions.probabilities[:, place], weights)
        for place in range(1 if two else 0, len(confusion))
    ]
    auroc, auprc = np.mean(areas, axis=0)
    values = (
        hits.sum() / confusion.sum(),
        recall[true > 0].mean(),
        f1[asked].mean(),
        matthews_correlation(confusion),
        precision[asked].mean(),
        recall[asked].mean(),
        auroc,
        auprc,
    )
    return dict(zip(CLASS_SCORES, map(float, values), strict=True))


# ---------------------------------------------------------------------------- numbers


def weighted_correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Pearson's correlation; NaN where one of the two is constant among what was drawn."""
    first = np.argmax(weights > 0)
    dx, dy = (part - part[first] for part in (x, y))  # exactly 0 where all are equal
    dx, dy = (part - np.average(part, weights=weights) for part in (dx, dy))
    spread = np.sqrt((weights * dx**2).sum() * (weights * dy**2).sum())
    return float((weights * dx * dy).sum() / spread) if spread > 0 else float("nan")


def weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks (n) as if each value stood `weights` times; equal values share their mean rank."""
    _, places = np.unique(values, return_inverse=True)
    sums = np.bincount(places, weights)
    return (np.cumsum(sums) - sums / 2)[places]


def number_scores(target: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> Scores:
    """NUMBER_SCORES; errors in the scale of both arguments (n)."""
    error = predicted - target
    squared = np.average(error**2, weights=weights)
    variance = np.average((target - np.average(target, weights=weights)) ** 2, weights=weights)
    ranks = (weighted_ranks(target, weights), weighted_ranks(predicted, weights))
    values = (
        weighted_correlation(target, predicted, weights) ** 2,
        1 - squared / variance if variance > 0 else np.nan,
        weighted_correlation(*ranks, weights),
        np.average(np.abs(error), weights=weights),
        np.sqrt(squared),
    )
    return dict(zip(NUMBER_SCORES, map(float, values), strict=True))


# ---------------------------------------------------------------------------- resampling


def score_function(predictions: Predictions) -> ScoreFunction:
    """The scores of these predictions as a function of weights; numbers in the original scale."""
    if isinstance(predictions, ClassPredictions):
        return lambda weights: class_scores(predictions, weights)
    target, predicted = predictions.target, predictions.predicted_original_scale
    return lambda weights: number_scores(target, predicted, weights)


def resamples(groups: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """Weights (n) of `count` draws, with replacement, of as many groups as there are."""
    names, places = np.unique(groups, return_inverse=True)
    random = np.random.default_rng(seed)
    for _ in range(count):
        drawn = random.integers(0, len(names), len(names))
        yield np.bincount(drawn, minlength=len(names))[places].astype(float)


def interval(values: Sequence[float]) -> list[float]:
    """The middle 95 % of some values; values that are not defined are left out."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    return [float(v) for v in np.percentile(known, [2.5, 97.5])] if len(known) else [np.nan] * 2


def resampled_scores(
    functions: dict[str, ScoreFunction], groups: np.ndarray, count: int = RESAMPLES, seed: int = 1
) -> dict[str, dict[str, np.ndarray]]:
    """Scores (count) by method and name; in each draw all methods meet the same examples."""
    draws: dict[str, list[Scores]] = {name: [] for name in functions}
    for weights in resamples(groups, count, seed):
        for name, function in functions.items():
            draws[name].append(function(weights))
    return {
        name: {score: np.array([draw[score] for draw in rows]) for score in rows[0]}
        for name, rows in draws.items()
    }


def describe(predictions: Predictions, groups: np.ndarray) -> dict[str, object]:
    """The entry of one split in evaluation.json: scores, counts, intervals over groups."""
    function = score_function(predictions)
    entry: dict[str, object] = {"n": len(predictions.id)}
    ones = np.ones(len(predictions.id))
    if isinstance(predictions, ClassPredictions):
        confusion = confusion_matrix(predictions, ones).astype(int)
        counts = zip(predictions.classes, confusion.sum(axis=1), strict=True)
        entry["n_by_class"] = {name: int(count) for name, count in counts}
        entry["confusion"] = confusion.tolist()
    draws = resampled_scores({"": function}, groups)[""]
    intervals = {name: interval(values) for name, values in draws.items()}
    return entry | function(ones) | {"intervals": intervals}
