"""Numbers that depend on inputs are found, on the set's split and in folds."""

import json
from pathlib import Path

import labelled_sets
import numpy as np
import pytest

import baseline_numbers
import dnagpt_files
import prediction_files
import user_block

pytestmark = pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    labelled_sets.write_numbers(tmp_path / "set.h5")
    return tmp_path / "set.h5"


def test_ridge_comes_near_the_best(numbers: Path, capsys: pytest.CaptureFixture) -> None:
    folder, output = numbers.with_name("predictions"), numbers.with_name("report.json")
    options = [str(numbers), "--output", str(output), "--predictions", str(folder)]
    assert baseline_numbers.main(options) == 0
    report = json.loads(output.read_text())["models"]
    assert report["ridge"]["test"]["r2"] == pytest.approx(5 / 5.25, abs=0.03)
    assert 0.6 < report["trees"]["test"]["r2"] < 0.95
    assert 0 < report["trees"]["choice"]["trees"] <= baseline_numbers.TREES
    assert capsys.readouterr().out.splitlines()[2].split()[:3] == ["ridge", "validation", "60"]
    answers = prediction_files.read_predictions(folder / "ridge" / "predictions.tsv")
    training = dnagpt_files.read_labelled_set(numbers)
    target = training.target[training.split == "train"]
    back = answers.predicted * target.std() + target.mean()
    assert np.allclose(back, answers.predicted_original_scale, atol=1e-6)


def test_folds(numbers: Path, capsys: pytest.CaptureFixture) -> None:
    assert baseline_numbers.main([str(numbers), "--model", "ridge", "--folds", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[3].split()[:3] == ["ridge", "test", "300"]


def test_sets_that_cannot_be_used(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert baseline_numbers.main([str(numbers), "--kmers"]) == 1
    assert "holds no sequences" in capsys.readouterr().err
    labelled_sets.write_classes(tmp_path / "classes.h5")
    assert baseline_numbers.main([str(tmp_path / "classes.h5")]) == 1
    assert "asks for the answer 'class'" in capsys.readouterr().err


def test_kmers_are_read_beside_numbers(tmp_path: Path) -> None:
    bases = np.random.default_rng(3).integers(1, 5, (40, 60))
    answers = {"/bases": bases, "/target": bases[:, 0].astype(float)}
    path = tmp_path / "set.h5"
    labelled_sets.write_set(path, np.arange(40), answers, "number")
    features = baseline_numbers.make_features(dnagpt_files.read_labelled_set(path), True)
    assert features.shape == (40, 4096)
    assert baseline_numbers.main([str(path), "--model", "ridge", "--kmers"]) == 0
    assert baseline_numbers.main([str(path)]) == 1
