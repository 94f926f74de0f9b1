"""Runs stand side by side with what differs between them, whatever they hold."""

from pathlib import Path

import pytest
import run_folders

import compare_runs


def lines_of(capsys: pytest.CaptureFixture) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_pretraining_and_fine_tuning(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    runs = [
        run_folders.write_pretraining(tmp_path / "small"),
        run_folders.write_tuning(tmp_path / "pas", rate=0.5),
        run_folders.write_seeds(tmp_path / "seeds"),
    ]
    picture = tmp_path / "runs.png"
    assert compare_runs.main([*map(str, runs), "--output", str(picture)]) == 0
    lines = lines_of(capsys)
    assert lines[0].startswith(
        "| run | steps | scores from | validation bits_per_base | validation gc_r2 "
    )
    assert lines[2].startswith("| small | 8 | evaluation.json | 1.9500 | 0.5000 | 0.7500 | - |")
    assert "| 0.8000 [0.7000, 0.9000] |" in lines[3]
    assert "| 0.8500 +- 0.0707 |" in lines[4]
    assert "| optimizer.learning_rate | 0.001 | 0.5 | 3e-05 |" in lines
    assert not any("run.folder" in line or "run.seed" in line for line in lines)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_last_validation_stands_in(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = run_folders.write_pretraining(tmp_path / "a" / "run")
    second = run_folders.write_pretraining(tmp_path / "b" / "run", bits=1.8)
    (second / "evaluation.json").unlink()
    assert compare_runs.main([str(first), str(second)]) == 0
    lines = lines_of(capsys)
    assert lines[2].startswith(f"| {first} |")
    assert "| 8 | last validation | 1.8500 | 0.5000 |" in lines[3]
    assert lines[-1] == "All settings are the same."


def test_a_folder_without_a_run_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert compare_runs.main([str(tmp_path)]) == 1
    assert "is no run folder" in capsys.readouterr().err
