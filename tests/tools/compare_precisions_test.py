"""Precisions are compared at one seed, seeds in one precision, window by window."""

import json
from pathlib import Path

import pytest

import compare_precisions


def write_run(folder: Path, precision: str, seed: int, shift: float) -> Path:
    run = folder / f"{precision}_{seed}"
    run.mkdir()
    (run / "config.toml").write_text(f'[run]\nprecision = "{precision}"\nseed = {seed}\n')
    losses = [9.0 - 0.01 * step + shift for step in range(10)]
    lines = [{"step": step + 1, "loss_next_token": loss} for step, loss in enumerate(losses)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def write_runs(folder: Path, of_bf16: float, of_seed: float) -> list[str]:
    return [
        str(write_run(folder, precision, seed, of_bf16 * (precision == "bf16") + of_seed * seed))
        for precision in ("float", "bf16")
        for seed in (1, 2)
    ]


@pytest.mark.parametrize(("of_bf16", "status"), [(0.001, 0), (0.3, 1)])
def test_distances_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture, of_bf16: float, status: int
) -> None:
    runs = write_runs(tmp_path, of_bf16, of_seed=0.02)
    picture = tmp_path / "curves.png"
    options = ["--window", "4", "--output", str(picture)]
    assert compare_precisions.main([*runs, *options]) == status
    printed = capsys.readouterr().out
    assert f"| 5 - 8 | {of_bf16:.4f} | 0.0200 |" in printed
    assert "9 - " not in printed
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_too_few_runs_are_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    runs = write_runs(tmp_path, 0.1, 0.1)
    options = ["--window", "4"]
    assert compare_precisions.main([*runs[:2], *options]) == 1
    assert "two precisions" in capsys.readouterr().err
    assert compare_precisions.main([runs[0], runs[0]]) == 1
    assert "another run" in capsys.readouterr().err
    assert compare_precisions.main([*runs, "--window", "11"]) == 1
    assert "fewer than --window" in capsys.readouterr().err
