"""A table of methods that answered the same test examples, each against the first of them.

Scores are averaged over a method's seeds. Differences are paired over the test examples; their
standard errors and the intervals come from drawing whole groups of related examples, with the
scores of all seeds averaged in each draw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnagpt_files import FileError, read_labelled_set
from prediction_files import Predictions, join, read_predictions, take
from scores import Scores, interval, resampled_scores, score_function
from text_tables import markdown_table

Answers = dict[str, list[Predictions]]
"""Test answers by method: one entry a seed, ordered by id."""

SIGNALS = {"accuracy": "accuracy", "auroc": "AUROC"}
NUMBERS = {"r2": "r2", "spearman": "Spearman"}
"""Headings of the scores that are shown, by name."""


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
    """FileError where two methods answered different examples."""
    first = next(iter(answers.values()))[0]
    for method, seeds in answers.items():
        if any(list(each.id) != list(first.id) for each in seeds):
            raise FileError(
                f"{method} has other test examples than {next(iter(answers))}; make both anew"
            )


def with_spread(values: Sequence[float]) -> str:
    """A mean, and the deviation over seeds where there are several."""
    spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{spread}"


def paired_table(data: Path, answers: Answers, shown: dict[str, str]) -> list[str]:
    """Lines: a row for each method with its scores and how far it lies behind the first one."""
    check_same_examples(answers)
    labelled = read_labelled_set(data)
    group_of = dict(zip(labelled.id, labelled.group, strict=True))
    first, *_ = answers
    groups = np.array([group_of[name] for name in answers[first][0].id])
    draws = resampled_scores(
        {
            m: lambda weights, seeds=seeds: mean_scores(seeds, weights)
            for m, seeds in answers.items()
        },
        groups,
    )
    ones = np.ones(len(groups))
    parts = ("", " 95 %", " behind by", " SE")
    cells = [["method", "seeds", *(title + part for title in shown.values() for part in parts)]]
    for method, seeds in answers.items():
        row = [method, str(len(seeds))]
        for score in shown:
            values = [score_function(each)(ones)[score] for each in seeds]
            low, high = interval(draws[method][score])
            row += [with_spread(values), f"{low:.3f} - {high:.3f}"]
            if method == first:
                row += ["", ""]
                continue
            behind = mean_scores(answers[first], ones)[score] - np.mean(values)
            error = np.std(draws[first][score] - draws[method][score], ddof=1)
            row += [f"{behind:+.4f}", f"{error:.4f}"]
        cells.append(row)
    count = f"{len(groups)} test examples in {len(np.unique(groups))} groups"
    return [count, "", *markdown_table(cells)]
