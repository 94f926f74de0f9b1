"""A run folder becomes a PNG, with and without resumes, nulls and evaluations."""

import json
from pathlib import Path

import numpy as np
import pytest

import plot_run


def write_metrics(folder: Path, steps: int) -> None:
    entries: list[dict] = []
    for step in range(1, steps + 1):
        loss = None if step == 3 else 9.0 / step
        entries.append({"step": step, "loss": loss, "learning_rate": 1e-3, "grad_norm": 2.0 / step})
        entries[-1] |= {"loss_next_token": loss, "loss_order": 0.7, "tokens_per_second": 1e4}
        if step % 2 == 0:
            bits = {"yeast": 2.0 - step / 1000, "homo_sapiens": None if step == 2 else 1.95}
            entries.append({"evaluation": {"step": step, "bits_per_base": bits}})
    entries.insert(3, {"resumed": {"step": 2, "world_size": 2}})
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    (folder / "metrics.jsonl").write_text(text)


@pytest.mark.parametrize("steps", [4, 400])
def test_draws_a_png(tmp_path: Path, steps: int) -> None:
    write_metrics(tmp_path, steps)
    assert plot_run.main([str(tmp_path)]) == 0
    picture = (tmp_path / "run.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_missing_and_null_values_are_left_out() -> None:
    entries = [{"step": 1, "x": 5}, {"step": 2}, {"step": 3, "x": None}, {"step": 4, "x": 7.5}]
    steps, values = plot_run.series(entries, "x")
    assert list(steps) == [1, 4]
    assert list(values) == [5.0, 7.5]
    assert len(plot_run.series(entries, "y")[0]) == 0


def test_running_mean_looks_back() -> None:
    assert list(plot_run.running_mean(np.array([2.0, 4.0, 9.0, 1.0]), 2)) == [2.0, 3.0, 6.5, 5.0]


def test_a_folder_without_steps_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert plot_run.main([str(tmp_path)]) == 1
    assert "is not there" in capsys.readouterr().err
    (tmp_path / "metrics.jsonl").write_text("")
    assert plot_run.main([str(tmp_path)]) == 1
    assert "no finished step yet" in capsys.readouterr().err
