"""A table of methods that answered the same test examples, each against the first of them.

Scores are averaged over a method's seeds. Differences are paired over the test examples. Intervals
come from drawing whole groups of related examples, with the scores of all seeds averaged in each
draw; the standard error (SE) of a difference adds the seeds' variance of both methods to that of
the draws: sqrt(draws + s1^2 / n1 + s2^2 / n2). Methods with one seed add none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnagpt_files import FileError, read_labelled_set
from prediction_files import Predictions, check_same_answers, join, read_predictions, take
from scores import Scores, interval, resampled_scores, score_function
from text_tables import markdown_table

Answers = dict[str, list[Predictions]]
"""Test answers by method: one entry a seed, ordered by id."""

SIGNALS = {"accuracy": "accuracy", "auroc": "AUROC"}
NUMBERS = {"r2": "r2", "spearman": "Spearman"}
FOLDS = {"r2_residual": "1 - SSE/SST", "r2": "r2", "spearman": "Spearman"}
"""Headings of the scores that are shown, by name.

In folds a method that knows nothing but each fold's mean has an r2 above 0: the mean of the others
lies high where the fold lies low. The residual form says so.
"""


def test_answers(folder: Path, file_name: str = "predictions.tsv") -> list[Predictions]:
    """A run's or a baseline's answers to the test examples, one entry a seed, folds together."""
    by_seed: dict[str, list[Predictions]] = {}
    for path in sorted(folder.rglob(file_name)):
        seed = re.match(r"seed_\d+|", path.parent.name)[0]
        predictions = read_predictions(path)
        by_seed.setdefault(seed, []).append(take(predictions, predictions.split == "test"))
    if not by_seed:
        raise FileError(f"{folder} holds no {file_name}; remove the folder and start again")
    together = [join(parts) for parts in by_seed.values()]
    return [take(each, np.argsort(each.id)) for each in together]


def mean_scores(seeds: Sequence[Predictions], weights: np.ndarray) -> Scores:
    """Scores averaged over the seeds; every example counts `weights` (n) times."""
    each = [score_function(predictions)(weights) for predictions in seeds]
    return {name: float(np.mean([scores[name] for scores in each])) for name in each[0]}


def check_same_examples(answers: Answers) -> None:
    """FileError where two methods answered different examples, or had other right answers."""
    first = next(iter(answers.values()))[0]
    for method, seeds in answers.items():
        if any(list(each.id) != list(first.id) for each in seeds):
            raise FileError(
                f"{method} has other test examples than {next(iter(answers))}; make both anew"
            )
        for each in seeds:
            check_same_answers(first, each, method)


def with_spread(values: Sequence[float]) -> str:
    """A mean, and the deviation over seeds where there are several."""
    spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{spread}"


def variance_of_mean(seeds: Sequence[float]) -> float:
    """Of the mean over seeds; 0 where there is one."""
    return float(np.var(seeds, ddof=1) / len(seeds)) if len(seeds) > 1 else 0.0


def groups_of(data: Path, predictions: Predictions) -> np.ndarray:
    """The set's group of each answered example."""
    labelled = read_labelled_set(data)
    group_of = dict(zip(labelled.id, labelled.group, strict=True))
    if unknown := [name for name in predictions.id if name not in group_of]:
        raise FileError(
            f"{data} has no example {unknown[0]!r} (was it made anew?); remove the runs"
        )
    return np.array([group_of[name] for name in predictions.id])


def paired_table(data: Path, answers: Answers, shown: dict[str, str], count: int) -> list[str]:
    """Lines: a row for each method with its scores and how far it lies behind the first one.

    Intervals and standard errors are those of `count` draws.
    """
    check_same_examples(answers)
    first, *_ = answers
    groups = groups_of(data, answers[first][0])
    draws = resampled_scores(
        {
            m: lambda weights, seeds=seeds: mean_scores(seeds, weights)
            for m, seeds in answers.items()
        },
        groups,
        count,
    )
    ones = np.ones(len(groups))
    whole = {
        method: [score_function(each)(ones) for each in seeds] for method, seeds in answers.items()
    }
    parts = ("", " 95 %", " behind by", " SE")
    cells = [["method", "seeds", *(title + part for title in shown.values() for part in parts)]]
    for method, seeds in answers.items():
        row = [method, str(len(seeds))]
        for score in shown:
            values, best = ([each[score] for each in whole[name]] for name in (method, first))
            low, high = interval(draws[method][score])
            row += [with_spread(values), f"{low:.3f} - {high:.3f}"]
            if method == first:
                row += ["", ""]
                continue
            error = np.var(draws[first][score] - draws[method][score], ddof=1)
            error += variance_of_mean(best) + variance_of_mean(values)
            row += [f"{np.mean(best) - np.mean(values):+.4f}", f"{np.sqrt(error):.4f}"]
        cells.append(row)
    examples = f"{len(groups)} test examples in {len(np.unique(groups))} groups"
    return [examples, "", *markdown_table(cells)]
