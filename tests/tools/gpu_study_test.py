"""The study in its quick form from end to end, and the epochs that it chooses from."""

import argparse
from pathlib import Path

import pytest
from built_programs import NEEDS_PROGRAMS
from conftest import PROGRAMS

import gpu_study
import validation_epochs
from dnagpt_files import FileError, Metrics, read_config

BITS = [1.95, 1.91, 1.93]


def made_up_metrics(bits: list[float], steps: int = 2) -> Metrics:
    """A run whose training loss falls by one nat an epoch from 12."""
    count = steps * len(bits)
    lines = [{"step": s, "loss_next_token": 12 - (s - 1) // steps} for s in range(1, count + 1)]
    lines[1:2] = [{"step": 2, "loss_next_token": None}]  # a step that was left out
    by_name = [{"yeast": value, "human": value + 0.02} for value in bits]
    evaluations = [
        {"step": steps * number, "bits_per_base": named}
        for number, named in enumerate(by_name, start=1)
    ]
    return Metrics(lines, evaluations, [])


def test_the_best_epoch_and_the_rise_after_it(tmp_path: Path) -> None:
    epochs = validation_epochs.read_epochs(made_up_metrics(BITS), 2)
    assert [epoch.validation for epoch in epochs] == pytest.approx([1.96, 1.92, 1.94])
    nat = validation_epochs.BITS_PER_NAT
    assert [epoch.training for epoch in epochs] == pytest.approx([12 * nat, 11 * nat, 10 * nat])
    assert validation_epochs.best_epoch(epochs) == 2
    lines = validation_epochs.epoch_lines(epochs)
    assert lines[0] == "Validation is best after epoch 2 of 3 and rises by 0.0200 until the last."
    assert "| 3 | 2.4045 | 1.9400 | +0.0200 |" in lines
    validation_epochs.draw_epochs(epochs, epochs[:2], tmp_path / "epochs.png")
    assert (tmp_path / "epochs.png").read_bytes().startswith(b"\x89PNG")
    falling = validation_epochs.read_epochs(made_up_metrics(sorted(BITS)[::-1]), 2)
    assert "give more --epochs" in validation_epochs.epoch_lines(falling)[0]


def test_a_run_without_validation_is_told() -> None:
    with pytest.raises(FileError, match="was not validated"):
        validation_epochs.read_epochs(made_up_metrics([]), 2)


def test_data_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv("DNAGPT_DATA_DIR", raising=False)
    assert gpu_study.main([f"--work={tmp_path}"]) == 1
    assert "no --data, no DNAGPT_DATA_DIR" in capsys.readouterr().err
    assert gpu_study.main([f"--work={tmp_path}", f"--data={tmp_path}"]) == 1
    assert "has no folder genomes" in capsys.readouterr().err


def test_signals_are_taken_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "gsr" / "FruitFly" / "PAS"
    folder.mkdir(parents=True)
    for name in ("dm_AAAAAG", "dm_negAAAAAG", "dm_TTTAAA", "hs_AAAAAG"):
        (folder / f"{name}_polyA.fa.gz").touch()
    options = argparse.Namespace(data=tmp_path, quick=False)
    words = gpu_study.sources_of(options, "fly")
    named = [Path(word).name.removesuffix("_polyA.fa.gz") for word in words]
    assert named[:5] == ["--positive", "dm_AAAAAG", "dm_TTTAAA", "--negative", "dm_negAAAAAG"]
    assert words[-2:] == ["--species-token", "O"]


@NEEDS_PROGRAMS
def test_the_quick_study_goes_on_where_it_stopped(
    tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    work = tmp_path / "work"
    given = ["--quick", f"--work={work}", f"--dnagpt={PROGRAMS / 'dnagpt'}"]
    assert gpu_study.main([*given, "--until", "survey"]) == 0
    assert "## Survey" in (work / "table.md").read_text()
    assert not (work / "stopped").exists()
    assert gpu_study.main(given) == 0
    table = (work / "table.md").read_text()
    titles = ["Survey", "Runs", "all bases", "novel bases", "human", "fly"]
    places = [table.index(title) for title in titles]
    assert places == sorted(places)
    assert table.count("| random weights | 2 |") == 2
    assert (work / "validation.png").read_bytes().startswith(b"\x89PNG")
    kept = {path.relative_to(work).parts[0] for path in work.rglob("step_*.h5")}
    assert kept == {"survey", "stopped", "random"}
    stopped = read_config(work / "stopped" / "config.toml")
    best = int(table.partition("best after epoch ")[2][0])
    survey = read_config(work / "survey" / "config.toml")
    assert 2 * stopped["schedule"]["steps"] == best * survey["schedule"]["steps"]
    capfd.readouterr()
    assert gpu_study.main(given) == 0
    assert "+ " not in capfd.readouterr().out
    assert (work / "table.md").read_text() == table
