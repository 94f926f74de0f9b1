"""Answers to the examples of a labelled set, and the tables they are written in."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

import whole_files
from user_block import FileError

CLASS_COLUMNS = ("id", "sequence_length", "label", "predicted")
"""First columns of predictions of classes; then p_<class>.., outside_mass, split."""
NUMBER_COLUMNS = ("id", "target", "predicted", "predicted_original_scale", "split")
LOSS_COLUMNS = ("id", "sequence_length", "loss", "split")
"""Of sets whose words are learnt, such as haplotypes."""


@dataclasses.dataclass(frozen=True)
class ClassPredictions:
    """Answers to n examples of a set with K classes; label and predicted are places in classes."""

    classes: list[str]
    id: np.ndarray  # (n) texts
    sequence_length: np.ndarray  # (n) bases
    label: np.ndarray  # (n)
    predicted: np.ndarray  # (n)
    probabilities: np.ndarray  # (n, K), softmax over the class words
    outside_mass: np.ndarray  # (n), probability of all other words
    split: np.ndarray  # (n) texts of SPLITS


@dataclasses.dataclass(frozen=True)
class NumberPredictions:
    """Answers to n examples whose answer is a number."""

    id: np.ndarray  # (n) texts
    target: np.ndarray  # (n), original scale
    predicted: np.ndarray  # (n), z-scored by the training split's mean and deviation
    predicted_original_scale: np.ndarray  # (n)
    split: np.ndarray  # (n) texts of SPLITS


@dataclasses.dataclass(frozen=True)
class WordLosses:
    """How well the words of n examples are told; there is no answer to be right or wrong."""

    id: np.ndarray  # (n) texts
    sequence_length: np.ndarray  # (n) bases
    loss: np.ndarray  # (n) nats, mean over an example's words
    split: np.ndarray  # (n) texts of SPLITS


Predictions = ClassPredictions | NumberPredictions
Answers = Predictions | WordLosses
"""What predictions.tsv holds, or predictions_<name>.tsv of one set among several."""
Table = TypeVar("Table", ClassPredictions, NumberPredictions, WordLosses)


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Columns (texts) by name of a tab separated file with a head line; notes ("# ") before it."""
    if not path.is_file():
        raise FileError(f"{path} is not there; check the path")
    with path.open(newline="") as file:
        lines = list(file)
    notes = sum(1 for _ in itertools.takewhile(lambda line: line.startswith("# "), lines))
    rows = list(csv.reader(lines[notes:], delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows:
        raise FileError(f"{path} is empty (no head line); write it again")
    for number, row in enumerate(rows[1:], start=notes + 2):
        if len(row) != len(rows[0]):
            raise FileError(
                f"{path} line {number} has {len(row)} columns (the head line has {len(rows[0])}); "
                "columns are separated by tabs"
            )
    cells = np.array(rows[1:], dtype=object).reshape(len(rows) - 1, len(rows[0]))
    return dict(zip(rows[0], cells.T, strict=True))


def number_column(path: Path, columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A column's values as float64; FileError names one that is no number."""
    try:
        return columns[name].astype(float)
    except ValueError as error:
        raise FileError(f"{path} column {name} holds no number ({error}); check it") from error


def class_predictions(path: Path, columns: dict[str, np.ndarray]) -> ClassPredictions:
    """The predictions in a table whose columns are those of classes."""
    classes = [name.removeprefix("p_") for name in columns if name.startswith("p_")]
    places = {name: place for place, name in enumerate(classes)}
    unknown = set(columns["label"]) | set(columns["predicted"])
    if unknown := unknown - set(places):
        raise FileError(
            f"{path} holds class {min(unknown)!r} (there is no column p_{min(unknown)}); "
            "check the file"
        )
    return ClassPredictions(
        classes=classes,
        id=columns["id"],
        sequence_length=number_column(path, columns, "sequence_length").astype(int),
        label=np.array([places[name] for name in columns["label"]], int),
        predicted=np.array([places[name] for name in columns["predicted"]], int),
        probabilities=np.stack([number_column(path, columns, f"p_{c}") for c in classes], axis=1),
        outside_mass=number_column(path, columns, "outside_mass"),
        split=columns["split"],
    )


def read_answers(path: Path) -> Answers:
    """A predictions.tsv of `dnagpt finetune` or of a baseline; its columns tell the kind."""
    columns = read_table(path)
    names = tuple(columns)
    if names == LOSS_COLUMNS:
        lengths = number_column(path, columns, "sequence_length").astype(int)
        losses = number_column(path, columns, "loss")
        return WordLosses(columns["id"], lengths, losses, columns["split"])
    if names == NUMBER_COLUMNS:
        numbers = {name: number_column(path, columns, name) for name in NUMBER_COLUMNS[1:-1]}
        return NumberPredictions(id=columns["id"], split=columns["split"], **numbers)
    ends = (*CLASS_COLUMNS, "outside_mass", "split")
    probabilities = [name.startswith("p_") for name in names[4:-2]]
    if (*names[:4], *names[-2:]) == ends and probabilities and all(probabilities):
        return class_predictions(path, columns)
    raise FileError(
        f"{path} holds no predictions (its columns are {', '.join(names)}); "
        "give a predictions.tsv of `dnagpt finetune` or of a baseline"
    )


def read_predictions(path: Path) -> Predictions:
    """Answers that are right or wrong: classes or numbers."""
    answers = read_answers(path)
    if isinstance(answers, WordLosses):
        raise FileError(
            f"{path} holds losses of words (of haplotypes, say), no classes or numbers; give the "
            "predictions.tsv of another run"
        )
    return answers


def class_rows(predictions: ClassPredictions) -> Iterator[list[object]]:
    """The head line and the lines of predictions.tsv."""
    classes = predictions.classes
    yield [*CLASS_COLUMNS, *(f"p_{name}" for name in classes), "outside_mass", "split"]
    for row, name in enumerate(predictions.id):
        yield [
            name,
            predictions.sequence_length[row],
            classes[predictions.label[row]],
            classes[predictions.predicted[row]],
            *(f"{p:.6g}" for p in predictions.probabilities[row]),
            f"{predictions.outside_mass[row]:.6g}",
            predictions.split[row],
        ]


def number_rows(predictions: NumberPredictions) -> Iterator[list[object]]:
    """The head line and the lines of predictions.tsv."""
    yield list(NUMBER_COLUMNS)
    values = (predictions.target, predictions.predicted, predictions.predicted_original_scale)
    for name, *numbers, split in zip(predictions.id, *values, predictions.split, strict=True):
        yield [name, *(f"{number:.9g}" for number in numbers), split]


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Writes a predictions.tsv as `dnagpt finetune` does; makes its folder."""
    is_class = isinstance(predictions, ClassPredictions)
    rows = class_rows(predictions) if is_class else number_rows(predictions)
    whole_files.write_text(path, "".join("\t".join(map(str, row)) + "\n" for row in rows))


def take(predictions: Table, rows: np.ndarray) -> Table:
    """The answers at these rows (a mask, or numbers of rows)."""
    columns = {name: v for name, v in vars(predictions).items() if isinstance(v, np.ndarray)}
    return dataclasses.replace(predictions, **{name: v[rows] for name, v in columns.items()})


def check_same_answers(first: Predictions, other: Predictions, source: str) -> None:
    """FileError where the right answers differ; both are in the same order."""
    if type(first) is not type(other):
        raise FileError(f"{source} holds answers of another kind; compare classes or numbers")
    if isinstance(first, ClassPredictions):
        if first.classes != other.classes:
            raise FileError(
                f"{source} has the classes {', '.join(other.classes)} (the first method has "
                f"{', '.join(first.classes)}); run all methods on one set"
            )
        differs = first.label != other.label
    else:
        differs = ~np.isclose(first.target, other.target, rtol=1e-5, atol=1e-7)
    if differs.any():
        name = first.id[np.argmax(differs)]
        raise FileError(
            f"{source} has another right answer for id {name!r} than the first method (another "
            "version of the set?); run all methods on one set"
        )


def join(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several files of one kind, one after the other."""
    first = parts[0]
    columns = [name for name in vars(first) if name != "classes"]
    return dataclasses.replace(
        first, **{name: np.concatenate([getattr(each, name) for each in parts]) for name in columns}
    )
