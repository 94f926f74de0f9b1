"""Baselines find a motif that is there, on the set's split and in folds."""

import importlib.util
import json
from pathlib import Path

import labelled_sets
import numpy as np
import pytest

import baseline_signals
import baselines
import dnagpt_files
import prediction_files
import user_block
from kmers import encode_sequences

pytestmark = pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    labelled_sets.write_classes(tmp_path / "set.h5")
    return tmp_path / "set.h5"


def run(path: Path, *options: str) -> dict:
    output = path.with_name("report.json")
    assert baseline_signals.main([str(path), "--output", str(output), *options]) == 0
    return json.loads(output.read_text())["models"]


def test_models_find_what_they_can_see(classes: Path, capsys: pytest.CaptureFixture) -> None:
    report = run(classes, "--model", "composition", "words", "kmers", "binned")
    assert report["words"]["test"]["accuracy"] > 0.9
    assert report["kmers"]["test"]["auroc"] > 0.9
    assert report["binned"]["test"]["accuracy"] > 0.9
    assert 0.4 < report["composition"]["test"]["auroc"] < 0.9
    assert report["words"]["test"]["n_by_class"] == {"negative": 20, "positive": 20}
    assert report["words"]["choice"]["C"] in baseline_signals.STRENGTHS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["model", "split", "n", "accuracy", "AUROC", "MCC"]
    assert lines[4].split()[:3] == ["words", "validation", "40"]


def test_predictions_are_those_of_the_set_split(classes: Path) -> None:
    folder = classes.with_name("predictions")
    report = run(classes, "--model", "words", "--predictions", str(folder))
    labelled = dnagpt_files.read_labelled_set(classes)
    answers = prediction_files.read_predictions(folder / "words" / "predictions.tsv")
    of_id = dict(zip(labelled.id, zip(labelled.label, labelled.split, strict=True), strict=True))
    assert len(answers.id) == 80
    assert all(
        of_id[name] == (label, split)
        for name, label, split in zip(answers.id, answers.label, answers.split, strict=True)
    )
    test = answers.split == "test"
    right = (answers.label == answers.predicted)[test].mean()
    assert right == pytest.approx(report["words"]["test"]["accuracy"])
    assert (answers.sequence_length == 90).all()


def test_folds_test_every_example_once(classes: Path, capsys: pytest.CaptureFixture) -> None:
    folder = classes.with_name("predictions")
    options = ("--model", "words", "--folds", "4", "--predictions", str(folder))
    report = run(classes, *options)["words"]
    assert "mean +- standard deviation over folds" in capsys.readouterr().out
    tested = []
    for number in range(1, 5):
        answers = prediction_files.read_predictions(
            folder / "words" / f"fold_{number}" / "predictions.tsv"
        )
        tested += list(answers.id[answers.split == "test"])
    assert len(tested) == len(set(tested)) == 200
    accuracies = [fold["test"]["accuracy"] for fold in report["folds"]]
    assert report["mean"]["test"]["accuracy"] == pytest.approx(np.mean(accuracies))
    assert report["deviation"]["test"]["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))


def test_folds_keep_groups_whole(classes: Path) -> None:
    labelled = dnagpt_files.read_labelled_set(classes)
    for rows in baselines.rows_of_folds(labelled, 5, seed=2):
        parts = [set(labelled.group[part]) for part in (rows.train, rows.validation, rows.test)]
        assert sum(map(len, parts)) == 100
        assert set.union(*parts) == set(labelled.group)


def write_run(classes: Path, folder: Path, folds: int) -> None:
    """A run on the set's split, whose answers were made by a baseline."""
    run(classes, "--model", "composition", "--predictions", str(folder))
    runs = [{"folder": "composition", "seed": 1, "fold": folds}]
    (folder / "evaluation.json").write_text(json.dumps({"format_version": 1, "runs": runs}))


def test_folds_of_a_run_are_its_own_examples(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    labelled = dnagpt_files.read_labelled_set(classes)
    write_run(classes, tmp_path / "run", folds=1)
    (fold,) = baselines.rows_of_run(labelled, tmp_path / "run")
    (own,) = baselines.rows_of_splits(labelled)
    for ours, theirs in zip(vars(fold).values(), vars(own).values(), strict=True):
        assert isinstance(ours, str) or sorted(ours) == sorted(theirs)
    assert fold.folder == "fold_1"
    labelled_sets.write_classes(tmp_path / "other.h5", count=100)
    options = ["--model", "composition", "--folds-of", str(tmp_path / "run")]
    assert baseline_signals.main([str(tmp_path / "other.h5"), *options]) == 1
    assert "has no example 'example 1" in capsys.readouterr().err
    write_run(classes, tmp_path / "whole", folds=0)
    with pytest.raises(dnagpt_files.FileError, match="has no folds"):
        baselines.rows_of_run(labelled, tmp_path / "whole")


def test_bins_are_counted_apart() -> None:
    bases = encode_sequences(["A" * 30 + "C" * 30])
    features = baseline_signals.binned_shares(bases, bins=2)
    assert features.shape == (1, 2 * (64 + 256))
    assert np.flatnonzero(features[0]).tolist() == [0, 64 + 42, 128, 128 + 256 + 170]


def test_network_or_a_word_that_torch_is_missing(
    classes: Path, capsys: pytest.CaptureFixture
) -> None:
    report = run(classes, "--model", "composition", "cnn")
    if importlib.util.find_spec("torch") is None:
        assert "cnn is left out (torch is not installed)" in capsys.readouterr().err
        assert list(report) == ["composition"]
    else:
        assert report["cnn"]["test"]["accuracy"] > 0.9


def test_sets_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    labelled_sets.write_numbers(tmp_path / "numbers.h5")
    assert baseline_signals.main([str(tmp_path / "numbers.h5")]) == 1
    assert "asks for the answer 'number'" in capsys.readouterr().err
    labelled_sets.write_classes(tmp_path / "small.h5", count=10)
    assert baseline_signals.main([str(tmp_path / "small.h5"), "--model", "composition"]) == 1
    assert "no examples in validation" in capsys.readouterr().err
    options = ["--model", "composition", "--folds", "2"]
    assert baseline_signals.main([str(tmp_path / "small.h5"), *options]) == 1
    assert "--folds 2 does not fit" in capsys.readouterr().err
