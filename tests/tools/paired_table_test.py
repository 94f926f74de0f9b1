"""Rows are compared on the same examples; errors count examples and seeds."""

import dataclasses
from pathlib import Path

import labelled_sets
import numpy as np
import pytest

import paired_table
from dnagpt_files import FileError, read_labelled_set
from prediction_files import NumberPredictions, write_predictions


@pytest.fixture
def data(tmp_path: Path) -> Path:
    labelled_sets.write_numbers(tmp_path / "set.h5")
    return tmp_path / "set.h5"


def answers_to(data: Path, error: float) -> NumberPredictions:
    """Answers to all examples, ordered by id, that miss the target by random errors."""
    labelled = read_labelled_set(data)
    order = np.argsort(labelled.id)
    target = labelled.target[order]
    random = np.random.default_rng(int(100 * error))
    predicted = target + error * random.normal(size=len(target))
    split = np.full(len(target), "test", dtype=object)
    return NumberPredictions(labelled.id[order], target, predicted, predicted, split)


def rows_of(lines: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]


def test_the_error_of_a_difference_grows_with_the_spread_of_seeds(data: Path) -> None:
    near, far = answers_to(data, 0.5), answers_to(data, 2.0)
    alike = {"first": [near, near], "second": [far, far]}
    apart = {"first": [near, near], "second": [far, near]}
    errors = {}
    for name, answers in (("alike", alike), ("apart", apart)):
        lines = paired_table.paired_table(data, answers, {"r2": "r2"}, 50)
        head, _, first, second = rows_of(lines)
        assert head == ["method", "seeds", "r2", "r2 95 %", "r2 behind by", "r2 SE"]
        assert (first[:2], second[:2]) == (["first", "2"], ["second", "2"])
        errors[name] = float(second[-1])
    assert paired_table.variance_of_mean([1.0, 3.0]) == 1.0
    assert paired_table.variance_of_mean([5.0]) == 0.0
    assert errors["apart"] > 2 * errors["alike"]


def test_other_examples_are_refused(data: Path, tmp_path: Path) -> None:
    near = answers_to(data, 0.5)
    fewer = NumberPredictions(*(column[1:] for column in vars(near).values()))
    with pytest.raises(FileError, match="has other test examples than first"):
        paired_table.check_same_examples({"first": [near], "second": [fewer]})
    moved = dataclasses.replace(near, target=near.target + np.eye(len(near.id))[7])
    with pytest.raises(FileError, match=f"second has another right answer for id '{near.id[7]}'"):
        paired_table.check_same_examples({"first": [near], "second": [near, moved]})
    labelled_sets.write_numbers(tmp_path / "small.h5", count=10)
    with pytest.raises(FileError, match="has no example"):
        paired_table.groups_of(tmp_path / "small.h5", near)
    with pytest.raises(FileError, match=r"holds no predictions\.tsv"):
        paired_table.test_answers(tmp_path / "empty")


def test_seeds_stay_apart_and_folds_are_joined(data: Path, tmp_path: Path) -> None:
    near = answers_to(data, 0.5)
    for folder in ("seed_1_fold_1", "seed_1_fold_2", "seed_2_fold_1"):
        write_predictions(tmp_path / "run" / folder / "predictions.tsv", near)
    one, two = paired_table.test_answers(tmp_path / "run")
    assert (len(one.id), len(two.id)) == (2 * len(near.id), len(near.id))
