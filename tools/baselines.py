"""What the baselines of labelled sets share: rows of splits and folds, tables, files.

A baseline is fitted on training rows, chooses its strength on validation rows and answers
validation and test rows: those of the set's own split, of K folds that keep groups whole, or of
the folds of a fine-tuning run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

import dnagpt_files
import prediction_files
import scores
import whole_files
from dnagpt_files import FileError, LabelledSet
from prediction_files import Predictions, take
from text_tables import aligned_table, format_value

ASKED = ("validation", "test")


@dataclasses.dataclass(frozen=True)
class Rows:
    """Numbers of a set's rows by split; `folder` is the fold's, empty for the set's own split."""

    folder: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def asked(self) -> np.ndarray:
        """Rows to be answered: validation, then test."""
        return np.concatenate([self.validation, self.test])

    @property
    def asked_split(self) -> np.ndarray:
        """The split of each row that is to be answered."""
        return np.repeat(np.array(ASKED, dtype=object), [len(self.validation), len(self.test)])


@dataclasses.dataclass(frozen=True)
class Fit:
    """Answers of a fitted baseline to Rows.asked, and what was chosen on validation."""

    outputs: np.ndarray
    choice: dict[str, float]


Model = Callable[[Rows], Fit]
ToPredictions = Callable[[Rows, np.ndarray], Predictions]


def read_set(path: Path, answer: str) -> LabelledSet:
    """A labelled set with this kind of answer."""
    labelled = dnagpt_files.read_labelled_set(path)
    if labelled.answer != answer:
        raise FileError(
            f"{path} asks for the answer {labelled.answer!r} (this baseline gives {answer!r}); "
            "give another set or take the other baseline"
        )
    return labelled


def rows_of_splits(labelled: LabelledSet) -> list[Rows]:
    """The set's own split."""
    parts = [np.flatnonzero(labelled.split == name) for name in dnagpt_files.SPLITS]
    for name, part in zip(dnagpt_files.SPLITS, parts, strict=True):
        if len(part) == 0:
            raise FileError(
                f"{labelled.path} has no examples in {name} (all stand in other splits); "
                "make it with three shares or take --folds"
            )
    return [Rows("", *parts)]


def rows_of_folds(labelled: LabelledSet, folds: int, seed: int) -> list[Rows]:
    """Fold k tests part k of the groups, chooses on the next part and trains on the others."""
    groups = len(np.unique(labelled.group))
    if not 3 <= folds <= groups:
        raise FileError(
            f"--folds {folds} does not fit (three at least, and at most the {groups} groups); "
            "give another number"
        )
    by_class = labelled.answer == "class"
    splitter = (StratifiedGroupKFold if by_class else GroupKFold)(
        folds, shuffle=True, random_state=seed
    )
    answers = labelled.label if by_class else labelled.target
    places = np.zeros((len(labelled.id), 1))
    parts = [test for _, test in splitter.split(places, answers, labelled.group)]
    everything = np.arange(len(labelled.id))
    result = []
    for number, test in enumerate(parts):
        validation = parts[(number + 1) % folds]
        train = np.setdiff1d(everything, np.concatenate([test, validation]))
        result.append(Rows(f"fold_{number + 1}", train, validation, test))
    return result


def rows_of_run(labelled: LabelledSet, run: Path) -> list[Rows]:
    """The folds of a run of `dnagpt finetune`: its own validation and test examples."""
    entries = dnagpt_files.read_evaluation(run / "evaluation.json").get("runs", [])
    folds = [each for each in entries if each["fold"] and each["seed"] == entries[0]["seed"]]
    if not folds:
        raise FileError(f"{run} has no folds (finetune.folds was 0); leave out --folds-of")
    row_of = {name: row for row, name in enumerate(labelled.id)}
    result = []
    for entry in folds:
        path = run / entry["folder"] / "predictions.tsv"
        predictions = prediction_files.read_predictions(path)
        if unknown := [name for name in predictions.id if name not in row_of]:
            raise FileError(
                f"{labelled.path} has no example {unknown[0]!r} (in {path}); give the run's set"
            )
        places = np.array([row_of[name] for name in predictions.id], int)
        parts = [places[predictions.split == name] for name in ASKED]
        train = np.setdiff1d(np.arange(len(labelled.id)), places)
        result.append(Rows(f"fold_{entry['fold']}", train, *parts))
    return result


def choose(candidates: Iterable[tuple[float, np.ndarray, float]], name: str) -> Fit:
    """Of (value of the setting, outputs, loss on validation) the one with the lowest loss."""
    value, outputs, loss = min(candidates, key=lambda candidate: candidate[2])
    return Fit(outputs, {name: value, "validation_loss": float(loss)})


def score_fold(
    labelled: LabelledSet, rows: Rows, fit: Fit, predictions: Predictions
) -> dict[str, Any]:
    """Entry of one fold: what was chosen, and the scores of validation and test."""
    groups = labelled.group[rows.asked]
    entry: dict[str, Any] = {"choice": fit.choice, "n_train": len(rows.train)}
    for name in ASKED:
        chosen = predictions.split == name
        entry[name] = scores.describe(take(predictions, chosen), groups[chosen])
    return entry


def mean_and_deviation(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation of each score over the folds, as `runs` of evaluation.json."""
    summary: dict[str, Any] = {"mean": {}, "deviation": {}}
    for split in ASKED:
        names = folds[0][split]["intervals"]
        values = {name: [fold[split][name] for fold in folds] for name in names}
        summary["mean"][split] = {name: float(np.mean(v)) for name, v in values.items()}
        summary["deviation"][split] = {name: float(np.std(v, ddof=1)) for name, v in values.items()}
    return summary


def run_baselines(
    options: argparse.Namespace,
    labelled: LabelledSet,
    models: dict[str, Model],
    to_predictions: ToPredictions,
) -> dict[str, Any]:
    """Fits every model on every fold; the report by model, and predictions where asked for."""
    if options.folds_of:
        folds = rows_of_run(labelled, options.folds_of)
    elif options.folds:
        folds = rows_of_folds(labelled, options.folds, options.seed)
    else:
        folds = rows_of_splits(labelled)
    report: dict[str, Any] = {"format_version": 1, "set": labelled.path.name, "models": {}}
    for name, model in models.items():
        entries = []
        for rows in folds:
            fit = model(rows)
            predictions = to_predictions(rows, fit.outputs)
            if options.predictions:
                folder = options.predictions / name / rows.folder
                prediction_files.write_predictions(folder / "predictions.tsv", predictions)
            entries.append(score_fold(labelled, rows, fit, predictions))
            print(f"{name} {rows.folder}".strip(), "done", file=sys.stderr)
        together = (
            {"folds": entries} | mean_and_deviation(entries) if folds[0].folder else entries[0]
        )
        report["models"][name] = together
    return report


def score_text(entry: dict[str, Any], split: str, name: str) -> str:
    """A score with its 95 % interval, or its mean and deviation over folds."""
    if "folds" in entry:
        mean, deviation = (entry[part][split][name] for part in ("mean", "deviation"))
        return f"{format_value(mean)} +- {format_value(deviation)}"
    low, high = entry[split]["intervals"][name]
    return f"{format_value(entry[split][name])} [{format_value(low)}, {format_value(high)}]"


def print_report(report: dict[str, Any], shown: dict[str, str]) -> None:
    """A line for each model and split; `shown` gives the heading of each score."""
    cells = [["model", "split", "n", *shown.values()]]
    for model, entry in report["models"].items():
        for split in ASKED:
            parts = entry.get("folds", [entry])
            count = str(sum(part[split]["n"] for part in parts))
            cells.append([model, split, count, *(score_text(entry, split, name) for name in shown)])
    print("\n".join(aligned_table(cells)))
    cross = any("folds" in entry for entry in report["models"].values())
    print("mean +- standard deviation over folds" if cross else "[95 % interval over groups]")


def without_nan(value: object) -> object:
    """The same with null for numbers that are not defined: JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def add_arguments(parser: argparse.ArgumentParser, models: Sequence[str]) -> None:
    """The options that all baselines have."""
    parser.add_argument("set", type=Path, metavar="SET.h5", help="labelled set of dnagpt-prep")
    parser.add_argument(
        "--model", nargs="+", choices=models, default=list(models), help="default: all of them"
    )
    folds = parser.add_mutually_exclusive_group()
    folds.add_argument(
        "--folds",
        type=int,
        default=0,
        help="cross-validation with this many folds of whole groups instead of the set's split",
    )
    folds.add_argument(
        "--folds-of",
        type=Path,
        metavar="RUN",
        help="the folds of this run of `dnagpt finetune`, example by example",
    )
    parser.add_argument("--seed", type=int, default=1, help="of folds and of random starts")
    parser.add_argument("--output", type=Path, help="JSON file with all scores")
    parser.add_argument(
        "--predictions", type=Path, help="folder for <model>/predictions.tsv, with folds in fold_k"
    )


def finish(options: argparse.Namespace, report: dict[str, Any], shown: dict[str, str]) -> None:
    """Prints the table and writes the JSON file where one is asked for."""
    print_report(report, shown)
    if options.output:
        whole_files.write_text(options.output, json.dumps(without_nan(report), indent=1) + "\n")
