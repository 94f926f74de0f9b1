"""The table holds every species, and names those above a Markov model."""

import json
from pathlib import Path

import pytest

import summarise_evaluation


def entry(bits: float, novel: float | None = None) -> dict:
    return {
        "bits_per_base": bits,
        "bits_per_base_novel": novel,
        "markov": {"order_1": 1.95, "order_2": 1.94},
        "bases": 123456,
        "gc_r2": 0.93,
        "gc_mean_absolute_error": 1.25,
        "order_accuracy": 0.61,
        "order_count": 400,
    }


def run(tmp_path: Path, evaluation: dict) -> int:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation))
    return summarise_evaluation.main([str(path)])


def test_table_of_two_species(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    species = {"homo_sapiens": entry(1.92), "yeast": entry(1.9452)}
    evaluation = {"format_version": 1, "step": 70, "split": "validation", "species": species}
    assert run(tmp_path, evaluation | {"mean": entry(1.9326)}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step 70, split validation"
    assert " ".join(lines[2].split()) == (
        "species bits/base Markov 1 Markov 2 GC error GC R2 order acc. order n bases"
    )
    assert " ".join(lines[4].split()) == (
        "homo sapiens 1.9200 1.9500 1.9400 1.25 0.930 0.610 400 123,456"
    )
    assert lines[7].split()[:2] == ["mean", "1.9326"]
    assert lines[7].split()[-2:] == ["-", "-"]
    assert "above Markov 1: no species (of 2)" in lines
    assert "above Markov 2: yeast (+0.0052) (of 2)" in lines


def test_missing_values_and_novel_bases(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    species = {"a": entry(1.9, 1.91), "b": {"bits_per_base": None}}
    assert run(tmp_path, {"format_version": 1, "species": species}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "novel" in lines[2]
    assert lines[4].split()[:3] == ["a", "1.9000", "1.9100"]
    assert lines[5].split() == ["b"] + ["-"] * 9


def test_a_broken_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(tmp_path, {"format_version": 2}) == 1
    assert "format version 2" in capsys.readouterr().err
