"""Compares methods on the same test examples, whose answers are joined by id.

    python tools/compare_predictions.py --ours dnagpt=run/predictions.tsv \\
        --ours words=baselines/words/predictions.tsv --other SVM=svm.tsv \\
        --reported "paper=accuracy:0.9063,mcc:0.8128" --set human_pas.h5 --output comparison.png

--ours takes a predictions.tsv of `dnagpt finetune` or of a baseline, --other a file with the
columns id and score (tab separated, with a head line): the probability of the second class, or the
predicted number. A third column, label, holds the class, by name or counted from 0, or the measured
number; where it is there it is checked. All must answer the same examples with the same labels.
Each method is compared with the first one: differences come with 95 % intervals from draws in which
all methods meet the same examples; with --set whole groups of related examples are drawn. Published
figures stand in a column of their own, because they belong to another split.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

import dnagpt_files
import prediction_files
import scores
from dnagpt_files import FileError
from named_values import split_name
from prediction_files import ClassPredictions, Predictions, check_same_answers, take
from score_figures import draw_confusion, draw_measured, draw_roc
from text_tables import format_value, markdown_table
from whole_files import save_figure, write_text

mpl.use("Agg")
from matplotlib import pyplot as plt

CLASS_SHOWN = {"accuracy": "accuracy", "mcc": "MCC", "f1": "F1", "auroc": "AUROC"}
NUMBER_SHOWN = {"r2": "r2", "spearman": "Spearman", "root_mean_squared_error": "RMSE"}
COMPARED = ("accuracy", "mcc", "auroc", "r2", "spearman")
"""Scores whose difference to the first method is shown."""

Answers = dict[str, Predictions]


def reported_scores(text: str) -> tuple[str, dict[str, float]]:
    """NAME=accuracy:0.9,mcc:0.8 as a name and its scores."""
    name, rest = split_name(text)
    try:
        pairs = [part.split(":") for part in rest.split(",")]
        return name, {score.strip(): float(value) for score, value in pairs}
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form NAME=accuracy:0.9,mcc:0.8"
        ) from error


# ---------------------------------------------------------------------------- joining


def places_by_id(ids: np.ndarray, source: str) -> dict[str, int]:
    """Row of each id; FileError for an id that stands twice."""
    places: dict[str, int] = {}
    for row, name in enumerate(ids):
        if places.setdefault(name, row) != row:
            raise FileError(f"{source} holds id {name!r} twice; give each example one line")
    return places


def rows_for(first: Predictions, ids: np.ndarray, source: str) -> np.ndarray:
    """Rows of `ids` in the order of the first method; FileError where the examples differ."""
    places = places_by_id(ids, source)
    wanted = places_by_id(first.id, "the first file")
    missing = next((name for name in wanted if name not in places), None)
    if missing is not None:
        raise FileError(
            f"{source} is of another test split (it has no id {missing!r}, the first method has); "
            "run all methods on one set"
        )
    further = next((name for name in places if name not in wanted), None)
    if further is not None:
        raise FileError(
            f"{source} is of another test split (the first method has no id {further!r}); "
            "run all methods on one set"
        )
    return np.array([places[name] for name in wanted], int)


def with_labels(first: Predictions, labels: np.ndarray, path: Path) -> Predictions:
    """The first method's examples with the right answers of another file; in the same order."""
    if not isinstance(first, ClassPredictions):
        target = prediction_files.number_column(path, {"label": labels}, "label")
        return dataclasses.replace(first, target=target)
    places = {str(place): place for place in range(len(first.classes))}
    places |= {name: place for place, name in enumerate(first.classes)}
    if unknown := set(labels) - set(places):
        raise FileError(
            f"{path} column label holds {min(unknown)!r} (the first method has the classes "
            f"{', '.join(first.classes)}); write the class's name, or its number from 0"
        )
    return dataclasses.replace(first, label=np.array([places[text] for text in labels], int))


def from_scores(first: Predictions, path: Path, threshold: float) -> Predictions:
    """Answers of a file with id and score, joined to the examples of the first method."""
    columns = prediction_files.read_table(path)
    if not {"id", "score"} <= set(columns):
        raise FileError(
            f"{path} has no columns id and score (but {', '.join(columns)}); name them in the head"
        )
    order = rows_for(first, columns["id"], str(path))
    if "label" in columns:
        check_same_answers(first, with_labels(first, columns["label"][order], path), str(path))
    score = prediction_files.number_column(path, columns, "score")[order]
    if not isinstance(first, ClassPredictions):
        return dataclasses.replace(first, predicted_original_scale=score)
    if len(first.classes) != 2:
        raise FileError(
            f"{path} gives one score (the set has {len(first.classes)} classes); "
            "write a predictions.tsv and give it with --ours"
        )
    predicted = (score >= threshold).astype(int)
    both = np.stack([1 - score, score], axis=1)
    return dataclasses.replace(first, predicted=predicted, probabilities=both)


def read_answers(options: argparse.Namespace) -> Answers:
    """All methods' answers in the order of the first one's examples."""
    answers: Answers = {}
    for name, path in options.ours:
        predictions = prediction_files.read_predictions(Path(path))
        chosen = take(predictions, predictions.split == options.split)
        if len(chosen.id) == 0:
            raise FileError(
                f"{path} holds no answers to the split {options.split}; give another --split"
            )
        first = next(iter(answers.values()), chosen)
        chosen = take(chosen, rows_for(first, chosen.id, path))
        check_same_answers(first, chosen, path)
        answers[name] = chosen
    first = next(iter(answers.values()))
    others = {n: from_scores(first, Path(p), options.threshold) for n, p in options.other}
    return answers | others


def groups_of(first: Predictions, path: Path | None, split: str) -> np.ndarray:
    """What is drawn as one: the set's groups, or each example alone without a set."""
    if path is None:
        return np.arange(len(first.id))
    labelled = dnagpt_files.read_labelled_set(path)
    chosen = labelled.split == split
    order = rows_for(first, labelled.id[chosen], str(path))
    if isinstance(first, ClassPredictions) and labelled.answer == "class":
        names = np.array(labelled.classes, dtype=object)[labelled.label[chosen][order]]
        differs = names != np.array(first.classes, dtype=object)[first.label]
        if differs.any():
            raise FileError(
                f"{path} has another label for id {first.id[np.argmax(differs)]!r} than the first "
                "method; give the set that was learnt"
            )
    return labelled.group[chosen][order]


# ---------------------------------------------------------------------------- the table


def with_interval(value: float, draws: np.ndarray, sign: str = "") -> str:
    """A value with its 95 % interval."""
    low, high = scores.interval(draws)
    return f"{value:{sign}.4f} [{low:{sign}.4f}, {high:{sign}.4f}]"


def make_table(
    answers: Answers, groups: np.ndarray, reported: dict[str, dict[str, float]], count: int
) -> list[list[str]]:
    """Cells: scores with intervals, differences to the first method, published figures."""
    functions = {name: scores.score_function(p) for name, p in answers.items()}
    values = {name: function(np.ones(len(groups))) for name, function in functions.items()}
    draws = scores.resampled_scores(functions, groups, count)
    first = next(iter(answers))
    shown = CLASS_SHOWN if isinstance(answers[first], ClassPredictions) else NUMBER_SHOWN
    compared = [score for score in shown if score in COMPARED]
    head = ["method", "n", *shown.values(), *(f"{shown[s]} - {first}'s" for s in compared)]
    cells = [[*head, "reported, other split"]]
    for name in [*answers, *(name for name in reported if name not in answers)]:
        published = ", ".join(f"{s} {format_value(v)}" for s, v in reported.get(name, {}).items())
        row = [name] + ["-"] * (len(head) - 1)
        if name in answers:
            own = [with_interval(values[name][s], draws[name][s]) for s in shown]
            row = [name, str(len(groups)), *own, *["-"] * len(compared)]
        if name in answers and name != first:
            row[-len(compared) :] = [
                with_interval(
                    values[name][s] - values[first][s], draws[name][s] - draws[first][s], "+"
                )
                for s in compared
            ]
        cells.append([*row, published or "-"])
    return cells


def draw_answers(answers: Answers, output: Path) -> None:
    """ROC curves together and a confusion matrix each, or predicted against measured each."""
    is_class = isinstance(next(iter(answers.values())), ClassPredictions)
    count = len(answers) + is_class
    columns = min(count, 3)
    rows = -(-count // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(4.5 * columns, 4.2 * rows), layout="constrained", squeeze=False
    )
    axes = list(grid.flat)
    if is_class:
        draw_roc(axes.pop(0), answers)
    for name, predictions in answers.items():
        (draw_confusion if is_class else draw_measured)(axes.pop(0), predictions, name)
    for unused in axes:
        unused.axis("off")
    save_figure(figure, output)
    plt.close(figure)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    pair = {"type": split_name, "action": "append", "metavar": "NAME=FILE"}
    parser.add_argument("--ours", **pair, required=True, help="predictions.tsv; the first counts")
    parser.add_argument("--other", **pair, default=[], help="table with id, score and maybe label")
    parser.add_argument(
        "--reported",
        type=reported_scores,
        action="append",
        default=[],
        metavar="NAME=SCORE:VALUE,..",
        help="published figures of a method, of another split",
    )
    parser.add_argument("--set", type=Path, help="labelled set: draws whole groups")
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="score of --other from which on it is positive"
    )
    parser.add_argument(
        "--resamples", type=int, default=scores.RESAMPLES, help="draws for an interval"
    )
    parser.add_argument("--output", type=Path, help="PNG file")
    parser.add_argument("--table", type=Path, help="write the Markdown table here too")


def write_results(options: argparse.Namespace, answers: Answers, groups: np.ndarray) -> None:
    """Prints the table; writes it and the figure where they are asked for."""
    table = markdown_table(make_table(answers, groups, dict(options.reported), options.resamples))
    drawn = f"{len(np.unique(groups))} groups" if options.set else f"{len(groups)} examples"
    table += ["", f"[95 % interval over {options.resamples} draws of {drawn}]"]
    print("\n".join(table))
    if options.table:
        write_text(options.table, "\n".join(table) + "\n")
    if options.output:
        draw_answers(answers, options.output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the answers cannot be compared."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    names = [name for name, _ in [*options.ours, *options.other]]
    if len(set(names)) != len(names):
        parser.error("two methods have one name; give each its own")
    try:
        answers = read_answers(options)
        groups = groups_of(answers[names[0]], options.set, options.split)
        write_results(options, answers, groups)
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
