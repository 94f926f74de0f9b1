"""What a run folder holds, of pretraining or fine-tuning, finished or not.

A fine-tuning with several seeds or folds has sub-folders (seed_1, fold_2, ..), each a run of its
own, and a summary of them in the top folder's evaluation.json.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import dnagpt_files
import prediction_files
from dnagpt_files import FileError, Metrics
from prediction_files import Answers
from text_tables import format_value

HEADLINES = ("accuracy", "r2", "bits_per_base", "loss")
"""Scores that stand for the others of their set or species; the first that is there does."""
PRETRAINING_SCORES = ("bits_per_base", "gc_r2", "order_accuracy")

Content = TypeVar("Content")


@dataclasses.dataclass(frozen=True)
class Run:
    """The files of a run; None for one that is not there, with a line in `missing`."""

    folder: Path
    config: dict[str, Any] | None
    metrics: Metrics | None
    evaluation: dict[str, Any] | None
    answers: dict[str, Answers]  # by the set's name; of a single set ""
    parts: list[Run]  # one for each seed and fold
    missing: list[str]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name


@dataclasses.dataclass(frozen=True)
class Score:
    """One value of an evaluation; what it belongs to may be unnamed."""

    metric: str
    name: str  # set or species
    split: str
    value: float | None
    interval: tuple[float, float] | None = None  # 95 %
    deviation: float | None = None  # standard deviation over seeds and folds

    @property
    def heading(self) -> str:
        """Set or species, split and metric, as far as they are named."""
        return " ".join(filter(None, (self.name, self.split, self.metric)))

    def __str__(self) -> str:
        """The value with its interval or deviation."""
        text = format_value(self.value)
        if self.interval is not None:
            return f"{text} [{', '.join(map(format_value, self.interval))}]"
        return text if self.deviation is None else f"{text} +- {format_value(self.deviation)}"


@dataclasses.dataclass(frozen=True)
class ValidationPoint:
    """Validation at a step: the score that counts, and what it is made of by species or set."""

    step: int
    score: float | None
    by_name: dict[str, float | None]


# ---------------------------------------------------------------------------- reading


def sub_folders(folder: Path) -> list[Path]:
    """The folders of seeds and folds, in the order of their numbers."""
    found = [path for kind in ("seed_*", "fold_*") for path in folder.glob(kind) if path.is_dir()]

    def order(path: Path) -> list[int]:
        return [int(part) for part in path.name.split("_") if part.isdigit()]

    return sorted(found, key=order)


def answer_files(
    folder: Path, evaluation: dict[str, Any] | None, metrics: Metrics | None
) -> dict[str, str]:
    """The files of answers that a run has or should have, by the set's name ("": the only one)."""
    lines = metrics.evaluations if metrics else []
    sets = next((each["sets"] for each in (evaluation or {}, *lines) if "sets" in each), {})
    if len(sets) > 1:
        return {name: f"predictions_{name}.tsv" for name in sets}
    found = {path.stem.partition("_")[2]: path.name for path in folder.glob("predictions*.tsv")}
    return {"": "predictions.tsv"} if sets else found


def read_run(folder: Path) -> Run:
    """A run with whatever is there; FileError where there is nothing of a run."""
    missing: list[str] = []

    def read(reader: Callable[[Path], Content], name: str) -> Content | None:
        try:
            return reader(folder / name)
        except FileError as error:
            missing.append(str(error))
            return None

    config = read(dnagpt_files.read_config, "config.toml")
    evaluation = read(dnagpt_files.read_evaluation, "evaluation.json")
    parts = [read_run(path) for path in sub_folders(folder)]
    metrics, answers = None, {}
    if not parts:
        metrics = read(dnagpt_files.read_metrics, "metrics.jsonl")
        files = answer_files(folder, evaluation, metrics)
        tables = {name: read(prediction_files.read_answers, file) for name, file in files.items()}
        answers = {name: table for name, table in tables.items() if table is not None}
    if config is metrics is evaluation is None and not answers and not parts:
        raise FileError(f"{folder} is no run folder (no config.toml, no metrics.jsonl); check it")
    return Run(folder, config, metrics, evaluation, answers, parts, missing)


def single_runs(run: Run) -> list[Run]:
    """The runs of seeds and folds, or the run itself."""
    return run.parts or [run]


# ---------------------------------------------------------------------------- validation


def headline_of(metrics: Container[str]) -> str | None:
    """Which of the scores stands for all."""
    return next((metric for metric in HEADLINES if metric in metrics), None)


def known_mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are not null."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def validation_point(line: dict[str, Any]) -> ValidationPoint:
    """The point of an evaluation line of metrics.jsonl; losses as they are, not negated."""
    if "sets" not in line:
        bits = line.get("bits_per_base", {})
        return ValidationPoint(line["step"], known_mean(list(bits.values())), bits)
    headlines = {name: headline_of(entry) for name, entry in line["sets"].items()}
    by_name = {name: line["sets"][name].get(metric) for name, metric in headlines.items()}
    losses = set(headlines.values()) == {"loss"}
    score = known_mean(list(by_name.values())) if losses else line.get("score")
    return ValidationPoint(line["step"], score, by_name)


def validation_label(evaluations: Sequence[dict[str, Any]]) -> str:
    """What validation is measured in: "bits per base", "accuracy", "r2", "loss", or "score"."""
    entries = [entry for line in evaluations for entry in line.get("sets", {}).values()]
    metrics = {headline_of(entry) for entry in entries} if entries else {"bits_per_base"}
    only = metrics.pop()
    return "score" if metrics or only is None else only.replace("_", " ")


def validation_points(metrics: Metrics) -> list[ValidationPoint]:
    """All points of a run, in the order of the steps."""
    return [validation_point(line) for line in metrics.evaluations]


# ---------------------------------------------------------------------------- final scores


def scores_of_sets(sets: dict[str, Any]) -> Iterator[Score]:
    """Scores of labelled sets; test before validation."""
    for (name, entry), split in itertools.product(sets.items(), ("test", "validation")):
        scores = entry.get(split) or {}
        for metric, value in scores.items():
            if value is None or isinstance(value, int | float):
                ends = scores.get("intervals", {}).get(metric)
                yield Score(metric, name, split, value, tuple(ends) if ends else None)


def scores_of_seeds(evaluation: dict[str, Any]) -> Iterator[Score]:
    """Means and deviations over seeds and folds."""
    for name, splits in evaluation["mean"].items():
        for split, values in splits.items():
            deviations = evaluation["deviation"].get(name, {}).get(split, {})
            for metric, value in values.items():
                yield Score(metric, name, split, value, deviation=deviations.get(metric))


def scores_of_pretraining(evaluation: dict[str, Any]) -> Iterator[Score]:
    """Means over the species, then each species' bits per base."""
    split = evaluation.get("split", "")
    for metric in PRETRAINING_SCORES:
        yield Score(metric, "", split, evaluation.get("mean", {}).get(metric))
    for name, entry in evaluation.get("species", {}).items():
        yield Score("bits_per_base", name, split, entry.get("bits_per_base"))


def headlines(scores: Sequence[Score]) -> list[Score]:
    """The score of each set or species and split that stands for its others."""
    metrics: dict[tuple[str, str], set[str]] = {}
    for score in scores:
        metrics.setdefault((score.name, score.split), set()).add(score.metric)
    chosen = {place: headline_of(known) for place, known in metrics.items()}
    return [score for score in scores if score.metric == chosen[score.name, score.split]]


def scores_of(evaluation: dict[str, Any]) -> list[Score]:
    """All scores of an evaluation.json; the first is the one that stands for all."""
    if "runs" in evaluation:
        found = list(scores_of_seeds(evaluation))
    elif "sets" in evaluation:
        found = list(scores_of_sets(evaluation["sets"]))
    else:
        found = list(scores_of_pretraining(evaluation))
    first = headlines(found)
    return sorted(found, key=lambda score: score not in first)


def last_validation(metrics: Metrics) -> list[Score]:
    """Scores of the last evaluation line of a run, without intervals."""
    if not metrics.evaluations:
        return []
    line = metrics.evaluations[-1]
    if "sets" in line:
        return list(scores_of_sets({n: {"validation": e} for n, e in line["sets"].items()}))
    values = {metric: list(line.get(metric, {}).values()) for metric in PRETRAINING_SCORES}
    return [Score(metric, "", "validation", known_mean(v)) for metric, v in values.items()]
